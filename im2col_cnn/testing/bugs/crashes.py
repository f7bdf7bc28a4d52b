"""Bugs that are known by the error they end with: a name not set, a float index."""

from collections.abc import Callable, Iterable
from typing import Any

from ..._typing import Shape
from .conv_template import conv_bug
from .exhibit import UNREPORTED, Exhibit
from .pool_template import max_bug, mean_bug

__all__ = ["CRASHES"]


def ending_with(error: Exception) -> Callable[[Shape, Any], Iterable[Shape]]:
    """Return a step that raises an error."""

    def visits_back(sizes: Shape, plan: Any) -> Iterable[Shape]:
        raise error

    return visits_back


def crashes(bug: Callable[..., Exhibit], letter: str) -> tuple[Exhibit, ...]:
    """Return the bugs of an operation that end with an error which says what it is."""
    return (
        bug(
            f"E72{letter}",
            "a name is used that nothing has set",
            why="it is misspelt, or a cell or a function that set it is not here",
            fix="set it, or hand it over as an argument",
            source=UNREPORTED,
            error=r"NameError: ",
            visits_back=ending_with(NameError("name 'n_H' is not defined")),
        ),
        bug(
            f"E73{letter}",
            "a variable is read before it has a value",
            why="where a function sets a name, it is its own from its first line on, "
            "and has no value until then",
            fix="horiz_end = horiz_start + f, and not horiz_end + f",
            source=UNREPORTED,
            error=r"UnboundLocalError: ",
            visits_back=ending_with(
                UnboundLocalError("cannot access local variable 'horiz_end'")
            ),
        ),
        bug(
            f"E86{letter}",
            "a float stands where a whole number belongs",
            why="in Python 3, / gives a float, even of whole numbers; no range, shape "
            "or index takes one",
            fix="// instead of /",
            source=UNREPORTED,
            error=r"TypeError: ('float' object cannot be interpreted|slice indices)|"
            "IndexError: only integers",
            visits_back=ending_with(
                TypeError("'float' object cannot be interpreted as an integer")
            ),
        ),
        bug(
            f"E87{letter}",
            "np.pad is told of fewer axes than there are",
            why="it wants a pair for every axis, those without padding too",
            fix="np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))",
            source=UNREPORTED,
            error="ValueError: operands could not be broadcast together with remapped",
            visits_back=ending_with(
                ValueError(
                    "operands could not be broadcast together with remapped shapes"
                )
            ),
        ),
        bug(
            f"E74{letter}",
            "a number is indexed as if it were an array",
            why="a loop that counts in w hides the kernels w, say: for w in range(OW)",
            fix="for j in range(OW):, so that w stays what it was",
            source=UNREPORTED,
            error=r"TypeError: 'int' object is not subscriptable",
            visits_back=ending_with(TypeError("'int' object is not subscriptable")),
        ),
    )


CRASHES = (*crashes(conv_bug, ""), *crashes(max_bug, "m"), *crashes(mean_bug, "a"))
