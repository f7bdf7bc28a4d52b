"""Grade an implementation: try it, search for broken laws, name the bug, report."""
