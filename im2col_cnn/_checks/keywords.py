"""Answer calls that Python refuses with what to write here.

    conv_forward(x, w, strides=2)   conv_forward() has no strides: write stride=
    max_pool_forward(x, 2, 2)       ... too many positional arguments: write stride=2
    fit(..., verbose=1)             fit() has no verbose: fit(..., on_step= ...

Words are looked up only where a call has failed: what works costs nothing, and what is
in no table, and like none of ours, is refused as ever.
"""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from inspect import Parameter, signature
from typing import Any, ParamSpec, TypeVar

from .settings import printable, quoted

__all__ = [
    "FOUND_BY_BUILD",
    "advice_on",
    "assignments",
    "hinting",
    "sorted_out",
    "unknown",
]

P = ParamSpec("P")
Result = TypeVar("Result")

MIN_LIKENESS = 0.8  # of words of which one may be a slip of the other
FOUND_BY_BUILD = "leave out what it reads, which build of the network finds"
OURS = {  # a setting of theirs, and those of ours, of which a call may take one
    "alpha": "slope",
    "bias": "b",
    "dilation_rate": "dilation",
    "dim": "axis",
    "eps": "epsilon",
    "input_shape": "shape",
    "kernel": "w kernel_size",
    "kernel_initializer": "initializer",
    "learning_rate": "optimizer",
    "lr": "learning_rate optimizer",
    "negative_slope": "slope",
    "out_channels": "filters",
    "out_features": "features",
    "num_epochs": "epochs",
    "p": "rate",
    "pad": "padding",
    "pool_size": "kernel_size",
    "scale_factor": "scale",
    "seed": "rng",
    "size": "scale",
    "units": "features",
    "use_bias": "bias",
    "validation_data": "validation",
    "validation_split": "validation",
    "weight": "w",
}
SETTINGS = {
    "activation": "it is a layer of its own, behind this one",
    "betas": "write beta1= and beta2=",
    "callbacks": "write on_step= or on_epoch=, a function",
    "data_format": "channels come last",
    "in_channels in_features num_features input_dim input_shape": FOUND_BY_BUILD,
    "loss metrics": "scores are trained on their cross-entropy, and right ones counted",
    "inplace": "predict writes over what no other layer reads",
    "name": "a Graph names its layers",
    "padding_mode": "put a Pad with mode= before it",
    "shuffle": "fit takes images in random order, and all others in theirs",
    "verbose": "fit(..., on_step=ProgressLine()) writes a line",
}


def hinting(function: Callable[P, Result]) -> Callable[P, Result]:
    """Return a function that says what to write where others have another keyword."""

    @wraps(function)
    def checked(*args: P.args, **settings: P.kwargs) -> Result:
        try:
            return function(*args, **settings)
        except TypeError:
            why = misfit(function, args, settings)
            if not why:
                raise
        raise TypeError(f"{function.__name__}() {why}")

    return checked


def misfit(
    function: Callable[..., Any], args: tuple[Any, ...], settings: Mapping[str, Any]
) -> str:
    """Say which arguments a function does not take, and what to write instead."""
    parameters = signature(function).parameters
    if odd := unknown(settings, parameters):
        return odd
    _, _, named = sorted_out(args, parameters)
    if named:
        written = ", ".join(assignments(named))
        return f"has too many positional arguments: write {written}"
    return ""


def sorted_out(
    args: tuple[Any, ...], parameters: Mapping[str, Parameter]
) -> tuple[tuple[Any, ...], tuple[Any, ...], dict[str, Any]]:
    """Return arguments that go by position, those that do not, and these by name."""
    kinds = [parameter.kind for parameter in parameters.values()]
    n = kinds.count(Parameter.POSITIONAL_OR_KEYWORD)
    names = [k for k, p in parameters.items() if p.kind is Parameter.KEYWORD_ONLY]
    surplus = args[n:]
    return args[:n], surplus, dict(zip(names, surplus, strict=False))


def assignments(settings: Mapping[str, Any]) -> list[str]:
    """Write settings as they stand in a call."""
    return [f"{name}={quoted(value)}" for name, value in settings.items()]


def unknown(words: Iterable[str], ours: Mapping[str, Parameter]) -> str:
    """Say which words are no settings, and what to write instead, if that is known."""
    found = []
    for word in words:
        if word not in ours:
            same = [one for one in OURS.get(word, "").split() if one in ours]
            advice = advice_on(word, SETTINGS)
            if not advice:
                same += get_close_matches(word, ours, n=1, cutoff=MIN_LIKENESS)
            if same:
                advice = f": write {same[0]}="
            found.append(f"has no {printable(word)}{advice}")
    return "; ".join(found)


def advice_on(word: str, table: Mapping[str, str]) -> str:
    """Return what a table says of a word, behind a colon, or nothing."""
    found = (advice for words, advice in table.items() if word in words.split())
    return next((f": {advice.format(word)}" for advice in found), "")
