"""Answer the words of Keras and PyTorch with what to write here.

    Conv(8, 3, strides=2)    Conv(filters, kernel_size, *, stride, padding, ...): has no
                             strides: write stride=
    network.compile()        Sequential has no compile: fit takes the optimizer, ...
    fit(..., verbose=1)      fit() has no verbose: fit(..., on_step=ProgressLine()) ...

Words are looked up only where Python has found nothing: what works costs nothing, and
what is in no table is refused as ever.
"""

from collections.abc import Callable, Container, Iterable
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, Self, TypeVar

from .._checks import printable, quoted, refusing_keywords

__all__ = ["FOUND_BY_BUILD", "ByName", "Hinting", "hinting"]

P = ParamSpec("P")
Result = TypeVar("Result")
Value = TypeVar("Value")

FOUND_BY_BUILD = "leave out what it reads, which build of the network finds"
OURS = {  # a setting of theirs, and of ours if a class has that
    "alpha": "slope",
    "dilation_rate": "dilation",
    "dim": "axis",
    "eps": "epsilon",
    "input_shape": "shape",
    "kernel_initializer": "initializer",
    "lr": "learning_rate",
    "negative_slope": "slope",
    "out_channels": "filters",
    "out_features": "features",
    "p": "rate",
    "pool_size": "kernel_size",
    "scale_factor": "scale",
    "size": "scale",
    "strides": "stride",
    "units": "features",
    "use_bias": "bias",
    "validation_data": "validation",
    "validation_split": "validation",
}
SETTINGS = {
    "activation": "it is a layer of its own, behind this one",
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
ATTRIBUTES = {
    "add append pop": "it is made at once, of all its layers",
    "apply_gradients minimize": "write step(parameters, gradients)",
    "bias kernel weight": 'write parameters["w"]',
    "children get_layer modules": "layers are a dict by name",
    "compile": "fit takes the optimizer, and its loss is that of softmax",
    "cpu cuda double float half to": (
        "NumPy computes on the processor, and build(..., dtype=) chooses numbers"
    ),
    "export to_onnx": "a network has to_onnx(path)",
    "eval train": "predict uses what is learned, forward(x, training=True) trains",
    "evaluate fit": "write {}(network, images, labels, ...)",
    "get_weights named_parameters state_dict trainable_variables trainable_weights "
    "weights": "parameters are a dict of arrays, and arrays has running statistics too",
    "load_state_dict set_weights": (
        "parameters[name][...] = array fills one; see load_weights, load_torch_weights"
    ),
    "load_weights save_weights": "write files.{}(path, network)",
    "zero_grad": "backward returns gradients, and none are kept",
}


class Hinting:
    """A class that says what to write where Keras or PyTorch have another word."""

    instead: ClassVar[str]  # of calling it
    too_many: ClassVar[str] = ""  # what to leave out, where arguments are too many

    def __new__(cls, *args: Any, **settings: Any) -> Self:
        """Refuse arguments that `__init__` does not take, and say which it does."""
        if args or settings:
            takes = signature(cls)
            try:
                takes.bind(*args, **settings)
            except TypeError as error:
                odd = unknown(settings, takes.parameters)
                why = odd or f"{error}{ways_out_of(cls, args, settings)}"
                raise TypeError(f"{call(cls)}: {why}") from None
        return super().__new__(cls)

    if not TYPE_CHECKING:  # a type checker finds out by itself

        def __getattr__(self, name: str) -> Any:
            """Refuse what there is none of, and say what there is instead."""
            advice = advice_on(name, ATTRIBUTES)
            raise AttributeError(
                f"{type(self).__name__} has no {name}{advice}", name=name, obj=self
            )

        def __call__(self, *_: Any, **__: Any) -> Any:
            """Refuse to be called."""
            raise TypeError(f"{type(self).__name__} is not called: {self.instead}")


class ByName(dict[str, Value]):
    """A dict of what has names: a wrong one is refused with those there are."""

    def __missing__(self, name: Any) -> Value:
        """Say which names there are."""
        raise KeyError(f"{quoted(name)} is none of {', '.join(self):.200}")

    if not TYPE_CHECKING:

        def __call__(self, *_: Any, **__: Any) -> Any:
            """Refuse to be called, as the method that it is in PyTorch."""
            raise TypeError(f"it is a dict, not a method: write [{next(iter(self))!r}]")


def call(cls: type) -> str:
    """Write how a class is called, by the names of what it takes."""
    names, starred = [], False
    for name, parameter in signature(cls).parameters.items():
        if parameter.kind is Parameter.KEYWORD_ONLY and not starred:
            names.append("*")
            starred = True
        names.append(name)
    return f"{cls.__name__}({', '.join(names)})"


def ways_out_of(
    cls: type[Hinting], args: tuple[Any, ...], settings: dict[str, Any]
) -> str:
    """Say what to write for positional arguments that are too many, if they are."""
    parameters = signature(cls).parameters.values()
    n = sum(p.kind is Parameter.POSITIONAL_OR_KEYWORD for p in parameters)
    if len(args) <= n:
        return ""
    names = [p.name for p in parameters if p.kind is Parameter.KEYWORD_ONLY]
    named = dict(zip(names, args[n:], strict=False))
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    if len(args) == n + len(named):
        calls.append((args[:n], named | settings))
    if n == 1:
        calls.append(((args,), settings))
    ways_out = [written for one in calls if (written := write_call(cls, *one))][:1]
    ways_out += [cls.too_many] if cls.too_many else []
    return ": " + ", or ".join(ways_out) if ways_out else ""


def write_call(
    cls: type[Hinting], args: tuple[Any, ...], settings: dict[str, Any]
) -> str:
    """Say that a call is to be written, if it does what is asked; nothing if not."""
    try:
        cls(*args, **settings)
    except Exception:  # of many kinds, of layers of one's own
        return ""
    named = [f"{name}={quoted(value)}" for name, value in settings.items()]
    return f"write {cls.__name__}({', '.join([*map(quoted, args), *named])})"


def hinting(function: Callable[P, Result]) -> Callable[P, Result]:
    """Return a function that says what to write where others have another keyword."""
    return refusing_keywords(function, unknown)


def unknown(words: Iterable[str], ours: Container[str]) -> str:
    """Say which words are no settings, and what to write instead, if that is known."""
    found = []
    for word in words:
        if word not in ours:
            advice = advice_on(word, SETTINGS)
            if OURS.get(word, word) in ours:
                advice = f": write {OURS[word]}="
            found.append(f"has no {printable(word)}{advice}")
    return "; ".join(found)


def advice_on(word: str, table: dict[str, str]) -> str:
    """Return what a table says of a word, behind a colon, or nothing."""
    found = (advice for words, advice in table.items() if word in words.split())
    return next((f": {advice.format(word)}" for advice in found), "")
