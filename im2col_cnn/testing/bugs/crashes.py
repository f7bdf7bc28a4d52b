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
            "a number is used as if it were an array",
            why="a loop that counts in w hides the kernels w, say: for w in range(OW); "
            "so does H, W = x.shape where W are the kernels",
            fix="for j in range(OW):, so that w stays what it was",
            source=UNREPORTED,
            error=r"TypeError: 'int' object is not subscriptable|"
            "AttributeError: 'int' object has no attribute",
            visits_back=ending_with(TypeError("'int' object is not subscriptable")),
        ),
        bug(
            f"E90{letter}",
            "an argument has a name that the function does not know",
            why="it is misspelt, or belongs to another function",
            fix="np.pad(x, pairs, constant_values=0), as the function's page spells it",
            source=UNREPORTED,
            error="TypeError: .*unexpected keyword argument|"
            "ValueError: unsupported keyword arguments",
            visits_back=ending_with(
                TypeError("pad() got an unexpected keyword argument 'constant_value'")
            ),
        ),
        bug(
            f"E91{letter}",
            "an array is indexed along more axes than it has",
            why="it holds one image, or one channel, and the index is for all of them",
            fix="x_padded[:, h_start:h_end, w_start:w_end] if x_padded is one image",
            source=UNREPORTED,
            error="IndexError: too many indices",
            visits_back=ending_with(IndexError("too many indices for array")),
        ),
        bug(
            f"E92{letter}",
            "an array is called like a function",
            why="round brackets call, square ones index",
            fix="dy[n, h, w, f]",
            source=UNREPORTED,
            error="TypeError: '.*array' object is not callable",
            visits_back=ending_with(
                TypeError("'numpy.ndarray' object is not callable")
            ),
        ),
        bug(
            f"E93{letter}",
            "a loop runs over a number",
            why="a number is nothing to go through; range counts up to it",
            fix="for h in range(OH):",
            source=UNREPORTED,
            error="TypeError: '(int|numpy.int64)' object is not iterable",
            visits_back=ending_with(TypeError("'int' object is not iterable")),
        ),
        bug(
            f"E94{letter}",
            "an attribute is read that nothing has set",
            why="forward keeps it under another name, or does not keep it",
            fix="self.x = x in forward",
            source=UNREPORTED,
            error="AttributeError: '(?!int|float|tuple|list|dict|str|NoneType|numpy)"
            r"\w+' object has no attribute",
            visits_back=ending_with(
                AttributeError("'Conv2D' object has no attribute 'x'")
            ),
        ),
        bug(
            f"E95{letter}",
            "a function is called with other arguments than it takes",
            why="there are too few of them, or too many",
            fix="pass what its def line asks for",
            source=UNREPORTED,
            error=r"TypeError: .*\) (missing \d+ required|takes .* but \d+ w)",
            visits_back=ending_with(
                TypeError("pad() missing 1 required positional argument: 'p'")
            ),
        ),
        bug(
            f"E103{letter}",
            "None is used as if it were an array",
            why="a function that ends without return gives None, and what is not kept "
            "is None still",
            fix="return y, cache at the end; self.x = x in forward",
            source=UNREPORTED,
            error=r"TypeError: ('NoneType' object is not (subscriptable|iterable)|"
            r"cannot unpack non-iterable NoneType|unsupported operand .*'NoneType')|"
            "AttributeError: 'NoneType' object has no attribute",
            visits_back=ending_with(
                TypeError("'NoneType' object is not subscriptable")
            ),
        ),
        bug(
            f"E104{letter}",
            "a list of lists is indexed like an array",
            why="a list takes one index at a time, an array one for each axis",
            fix="y = np.zeros((N, OH, OW, F)), or np.array(rows) before y[n, i, j]",
            source=UNREPORTED,
            error="TypeError: list indices must be integers or slices, not tuple",
            visits_back=ending_with(
                TypeError("list indices must be integers or slices, not tuple")
            ),
        ),
        bug(
            f"E105{letter}",
            "a shape or a number is called like a function",
            why="x.shape is a tuple and no method; round brackets call, square ones "
            "index",
            fix="x.shape[0]",
            source=UNREPORTED,
            error="TypeError: '(tuple|int|float|numpy.float64)' object is not callable",
            visits_back=ending_with(TypeError("'tuple' object is not callable")),
        ),
        bug(
            f"E106{letter}",
            "a function is indexed like an array",
            why="square brackets index, round ones call",
            fix="np.max(patch)",
            source=UNREPORTED,
            error="TypeError: '(builtin_function_or_method|function|method|"
            "numpy._ArrayFunctionDispatcher)' object is not subscriptable",
            visits_back=ending_with(
                TypeError("'builtin_function_or_method' object is not subscriptable")
            ),
        ),
        bug(
            f"E107{letter}",
            "the shape of a new array is not in brackets of its own",
            why="np.zeros takes the shape as one argument; the next one is the dtype",
            fix="np.zeros((H, W))",
            source=UNREPORTED,
            error=r"TypeError: Cannot interpret '\d+' as a data type",
            visits_back=ending_with(TypeError("Cannot interpret '3' as a data type")),
        ),
    )


CRASHES = (*crashes(conv_bug, ""), *crashes(max_bug, "m"), *crashes(mean_bug, "a"))
