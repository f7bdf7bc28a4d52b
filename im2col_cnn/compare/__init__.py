"""Compare the rungs of this package, and other libraries: equal, how fast, how much.

`cases` says what is done and `benchmarks` names what is worth doing; `rungs` and the
files named after libraries say who does it and how, and `contestants` lists them;
`worker` runs one of them in a process of its own, and `race` times several in turn.
"""

__all__ = []
