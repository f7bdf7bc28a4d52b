"""Run homework in a process of its own: read it, load it, limit its time."""
