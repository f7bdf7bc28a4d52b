"""Translate between what a course calls things and what the laws see.

The functions of a course get their own words, their own order of axes, their own
caches. An `Offer` hides that: one kind of function found in a file, behind the forward
and the backward that laws know.
"""

from __future__ import annotations

import dis
import inspect
import sysconfig
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import NOT_THERE, NOT_WRITTEN, SubjectError
from ..support import Support

if TYPE_CHECKING:
    from ..._typing import Array

__all__ = [
    "MISSING",
    "Dialect",
    "Names",
    "Offer",
    "as_array",
    "ask",
    "channels_first",
    "channels_last",
    "described",
    "is_refusal",
    "is_template",
    "parameters_of",
    "raised_by",
    "where",
]

Names = Mapping[str, Any]  # what a file defines
# What ends a call that needs what is not here.
MISSING = ("MissingImportError", "ModuleNotFoundError")
# Files in which no line is the homework's.
STRANGE = (
    "<",
    str(Path(__file__).parents[1]),
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("purelib"),
)


@dataclass(frozen=True)
class Offer:
    """
    One kind of function that a file has, in the words of the laws.

    Parameters
    ----------
    kind, name : str
        One of `KINDS`, and what the functions are called.
    forward, backward : callable
        As laws know them.
    support : Support
        What can be asked of it.
    graded : tuple of str
        Which of ``"forward"`` and ``"backward"`` is the author's.
    claims : bool
        Whether `support` is only what signatures claim, and has to be tried.
    described : str
        How its arrays are read, in NumPy's terms.
    paste : callable, optional
        Write a call as a program in the homework's words.
    words : mapping
        What it calls ``x``, ``dx``, ...
    template : tuple of str
        Keys of the bugs that the course's own template makes everyone write.
    tightness : float
        Which share of the parameters of its functions is used: where several readings
        fit, the one that leaves least out is tried first.
    needs_torch : bool
        Whether arrays go in and out as PyTorch tensors.
    is_sure, is_loose : bool
        Whether it is meant so, though no call of it ends well, and whether calls have
        to show that it is.
    uncalled : str
        What must be the backward, where no way to call it was found.
    stopped : exception, optional
        How a call never returned, where it was found out how to call it.
    cached : callable, optional
        Like `forward`, without calling it: it makes what backward needs.
    """

    kind: str
    name: str
    forward: Callable[..., tuple[Array, Any]]
    backward: Callable[..., Any] | None
    support: Support
    graded: tuple[str, ...] = ("forward", "backward")
    claims: bool = False
    described: str = ""
    paste: Callable[..., str] | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    template: tuple[str, ...] = ()
    tightness: float = 0.5
    needs_torch: bool = False
    is_sure: bool = False
    is_loose: bool = False
    uncalled: str = ""
    stopped: BaseException | None = None
    cached: Callable[..., tuple[Any, Any]] | None = None

    @property
    def parts(self) -> tuple[str, str]:
        """What is called forward, and what backward."""
        names = [name for name in self.name.split(", ") if "=" not in name] or ["it"]
        if len(names) == 1 and len(self.graded) == 2:
            return f"{names[0]}.forward", f"{names[0]}.backward"
        return names[0], names[-1]

    def without_functions(self) -> Offer:
        """Return what another process is sent: a function is where it was loaded."""
        functions: dict[str, Any] = {
            name: elsewhere
            for name in ("forward", "backward", "paste", "cached")
            if getattr(self, name) is not None
        }
        return replace(self, words=dict(self.words), stopped=None, **functions)


def elsewhere(*_: Any, **__: Any) -> Any:
    """Stand for a function that is in another process."""
    raise NotImplementedError


@dataclass(frozen=True)
class Dialect:
    """
    The words of one course.

    Parameters
    ----------
    name : str
        What ``--dialect`` calls it.
    names : tuple of str
        The names it looks for.
    read : callable
        From what a file defines to the offers in it.
    speaks : callable
        Tell whether a file that has some of the names means them in this way.
    words : mapping
        What it calls ``x``, ``dx``, ...
    others : mapping
        From a kind to what it calls them there, where that differs.
    """

    name: str
    names: tuple[str, ...]
    read: Callable[[Names], list[Offer]]
    speaks: Callable[[Names], bool] = lambda _: True
    words: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def words_for(self, kind: str) -> Mapping[str, str]:
        """Return what it calls ``x``, ``dx``, ... in functions of a kind."""
        return {**self.words, **self.others.get(kind, {})}

    def found(self, names: Names) -> list[str]:
        """Return the names of this dialect that a file defines."""
        return [name for name in self.names if name in names]


def ask(
    name: str, function: Callable[..., Any], *arguments: Any, returns: tuple[str, ...]
) -> Any:
    """Call a function; raise `SubjectError` unless it returns what it should."""
    try:
        found = function(*arguments)
    except SystemExit as error:
        raise SubjectError(f"{name} called sys.exit", "SystemExit") from error
    except NotImplementedError as error:
        problem = f"{name} raised NotImplementedError{where(error)}"
        raise SubjectError(problem, NOT_WRITTEN) from error
    except Exception as error:
        kind = type(error).__name__
        if kind in MISSING:
            problem = f"{name} cannot be checked: {error}"
            raise SubjectError(problem + where(error), NOT_THERE) from error
        raise raised_by(name, error) from error
    if returns == ("object",):
        return found
    if len(returns) == 1:
        return as_array(found, f"{name} returned", returns[0])
    wanted = f"({', '.join(returns)})"
    if not isinstance(found, (tuple, list)):
        problem = f"{name} returned {described(found)} instead of {wanted}"
        raise SubjectError(problem, NOT_WRITTEN if found is None else "return")
    if len(found) != len(returns):
        problem = f"{name} returned {len(found)} values instead of {wanted}"
        raise SubjectError(problem, "return")
    pairs = zip(found, returns)
    return [
        value if what == "cache" else as_array(value, f"{name} returned", what)
        for value, what in pairs
    ]


def parameters_of(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a function by name; none of one that does not tell."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def as_array(value: Any, where: str, what: str) -> Array:
    """Return what should be an array of numbers as a plain one."""
    array = np.asarray(value) if isinstance(value, (np.ndarray, np.generic)) else None
    if array is None or array.dtype.kind not in "biuf":
        problem = f"{where} {described(value)} for {what}, not an array of numbers"
        is_left = value is None or value is NotImplemented
        raise SubjectError(problem, NOT_WRITTEN if is_left else "return")
    return array


def described(value: Any) -> str:
    """Say briefly what something is."""
    if value is None:
        return "None"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of dtype {value.dtype}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def raised_by(name: str, error: Exception) -> SubjectError:
    """Return what a function of the homework raised, and the line that did."""
    kind, detail = type(error).__name__, str(error)
    words = ": ".join(filter(None, (kind, detail)))
    failure = SubjectError(f"{name} raised {words}{where(error)}", kind, detail)
    failure.crashed, failure.code = is_crash(error), code_of(error)
    return failure


def own_frame(error: Exception) -> traceback.FrameSummary | None:
    """Return where in the homework an error was raised, if it was there."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    own = (frame for frame in frames if not frame.filename.startswith(STRANGE))
    return next(own, None)


def code_of(error: Exception) -> str:
    """Return the line of the homework that raised an error, as it is written."""
    frame = own_frame(error)
    return (frame.line or "").strip() if frame else ""


def where(error: Exception) -> str:
    """Say in which line of the homework an error was raised, if it was there."""
    frame = own_frame(error)
    return f" ({Path(frame.filename).name}, line {frame.lineno})" if frame else ""


def is_crash(error: Exception) -> bool:
    """Tell whether Python or NumPy raised it in the homework, and not its author."""
    trace, inside = error.__traceback__, False
    while trace is not None:
        code, last = trace.tb_frame.f_code, trace.tb_lasti
        own = not code.co_filename.startswith(STRANGE)
        inside, trace = inside or own, trace.tb_next
    return inside and not (own and code.co_code[last] == dis.opmap["RAISE_VARARGS"])


def is_refusal(error: Exception) -> bool:
    """Tell whether a call ended so because its arguments were not those that belong."""
    missing = type(error).__name__ in MISSING
    return missing or "unpack" in str(error) or not is_crash(error)


def is_template(error: Exception) -> bool:
    """Tell whether an error was raised where a template still says ``= None``."""
    return code_of(error).endswith("= None")


def channels_first(x: Array) -> Array:
    """Turn (N, H, W, C) into (N, C, H, W), in memory of the same kind."""
    moved = np.moveaxis(x, -1, 1)
    is_fortran = x.flags.f_contiguous and not x.flags.c_contiguous
    return np.asfortranarray(moved) if is_fortran else moved.copy(order="C")


def channels_last(x: Array) -> Array:
    """Turn (N, C, H, W) into (N, H, W, C)."""
    return np.ascontiguousarray(np.moveaxis(x, 1, -1)) if x.ndim > 1 else x
