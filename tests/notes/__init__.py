"""The pages of the notes: what writes them, and that they are true."""
