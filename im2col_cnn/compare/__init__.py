"""Compare the rungs of this package, and other libraries: equal, how fast, how much.

`cases` says what to convolve, `contestants` who does it and how, `worker` runs one of
them in a process of its own, and `race` times several in turn.
"""

__all__ = []
