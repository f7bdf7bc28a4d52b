"""What the `im2col-cnn` command can do, one module per subcommand.

A new subcommand is one new file here and one line in ``cli.py``. What they share is how
they refuse (`refusals`), how they can be stopped (`stopping`) and how they write to a
terminal or a pipe (`screen`).
"""

__all__ = []
