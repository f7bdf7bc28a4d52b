"""Answer the words of Keras and PyTorch with what to write here.

    Conv(8, 3, strides=2)    Conv(filters, kernel_size, *, stride, padding, ...): has no
                             strides: write stride=
    network.compile()        Sequential has no compile: fit takes the optimizer, ...
    nn.MaxPooling2D          module 'im2col_cnn.nn' has no ...: write MaxPool

Words are looked up only where Python has found nothing: what works costs nothing, and
what is in no table is refused as ever.
"""

import re
import sys
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from .._checks import quoted
from .._checks.keywords import advice_on, assignments, sorted_out, unknown

__all__ = ["ByName", "Hinting", "hint_at_layer"]

Value = TypeVar("Value")

ATTRIBUTES = {
    "add append pop": "it is made at once, of all its layers",
    "apply_gradients minimize": "write step(parameters, gradients)",
    "bias kernel weight": 'write parameters["w"]',
    "children get_layer modules": "layers are a dict by name",
    "clone copy": "copy.deepcopy(network) makes one",
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
        "parameters.update(arrays) fills them; see load_weights, load_torch_weights"
    ),
    "load_weights save_weights": "write files.{}(path, network)",
    "zero_grad": "backward returns gradients, and none are kept",
}
MODULE = {  # layers and optimizers, without "2D" and the like
    "AdamW": "write Adam, with weight_decay=",
    "Concatenate": "write Concat",
    "Cropping": "write Crop",
    "DepthwiseConv SeparableConv": "write Conv, with groups=",
    "Functional Model": "write Graph",
    "Linear": "write Dense",
    "Module": "write Layer",
    "Permute": "write Transpose",
    "Rescaling": "write Rescale",
    "UpSampling": "write Upsample",
    "ZeroPadding": "write Pad",
}
SHORT = {"Average": "Avg", "Normalization": "Norm", "Pooling": "Pool"}


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
    args, surplus, named = sorted_out(args, signature(cls).parameters)
    if not surplus:
        return ""
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    if len(surplus) == len(named):
        calls.append((args, named | settings))
    if len(args) == 1:
        calls.append((((*args, *surplus),), settings))
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
    written = [*map(quoted, args), *assignments(settings)]
    return f"write {cls.__name__}({', '.join(written)})"


def refuse_name(name: str) -> Any:
    """Refuse what this package has not, and say what it has instead."""
    package = sys.modules[__name__.rpartition(".")[0]]
    word = re.sub("[123][dD]", "", name)
    for long, short in SHORT.items():
        word = word.replace(long, short)
    known = word in getattr(package, "__all__", ())
    advice = f": write {word}" if known else advice_on(word, MODULE)
    raise AttributeError(
        f"module {package.__name__!r} has no attribute {name!r}{advice}"
    )


# No function for type checkers, which would take all names for such as there are.
hint_at_layer: object = refuse_name
