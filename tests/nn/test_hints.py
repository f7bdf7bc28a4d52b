"""Words of Keras and PyTorch are answered with what to write here."""

import copy
import inspect
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import im2col_cnn
from im2col_cnn import nn
from im2col_cnn._checks.keywords import OURS, SETTINGS
from im2col_cnn.nn import SGD, Conv, Graph, ReLU, Sequential
from im2col_cnn.nn.hints import ATTRIBUTES, MODULE, Hinting
from tests.nn.strategies import network

# As any, for a type checker knows what there is none of.
ANY: Any = nn
CONV = r"^Conv\(filters, kernel_size, \*, stride, padding, dilation, groups, bias, ini"
X = np.zeros((1, 5, 6, 2))
CLASSES = [
    c for c in vars(nn).values() if inspect.isclass(c) and issubclass(c, Hinting)
]


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda: ANY.Conv(8, 3, strides=2), CONV + ".*: has no strides: write stride="),
        (
            lambda: ANY.Conv(8, 3, activation="relu"),
            CONV + ".*: it is a layer of its o",
        ),
        (
            lambda: ANY.Conv(3, 8, 3),
            CONV
            + r".*: too many positional arguments: write Conv\(3, 8, stride=3\), or "
            "leave out what it reads, which build of the network finds$",
        ),
        (lambda: ANY.Conv(8), CONV + ".*: missing a required argument: 'kernel_size'$"),
        (
            lambda: ANY.Conv(in_channels=3, out_channels=8, kernel_size=3),
            "has no in_channels: leave out .*; has no out_channels: write filters=",
        ),
        (lambda: ANY.Conv(8, 3, colour=1), "has no colour$"),
        (
            lambda: ANY.Dense(units=10),
            r"^Dense\(features, .* no units: write features=",
        ),
        (lambda: ANY.MaxPool(pool_size=2), "has no pool_size: write kernel_size="),
        (lambda: ANY.BatchNorm(64), "too many positional arguments: leave out what it"),
        (
            lambda: ANY.Dense(784, 10),
            r"^Dense.*: too many [^:]*: leave out what it",
        ),
        (lambda: ANY.MaxPool(3, 2), r"too many .*: write MaxPool\(3, stride=2\)$"),
        (
            lambda: ANY.ConvTranspose(8, 3, 2, 1),
            r"write ConvTranspose\(8, 3, stride=2, padding=1\), or leave out",
        ),
        (lambda: ANY.Concat(1), r"write Concat\(axis=1\)$"),
        (lambda: ANY.Pad(1, 2), r"write Pad\(\(1, 2\)\)$"),
        (lambda: ANY.Reshape(3, 4), r"too many .*: write Reshape\(\(3, 4\)\)$"),
        (lambda: ANY.Flatten(1), r"^Flatten\(\): too many positional arguments$"),
        (lambda: ANY.ReLU(6), r"^ReLU\(\): too many positional arguments$"),
        (
            lambda: ANY.SGD(0.1, 0.9),
            r"write SGD\(0.1, momentum=0.9\), or leave out par",
        ),
        (lambda: ANY.ReLU(inplace=True), r"^ReLU\(\): has no inplace: predict writes"),
        (lambda: ANY.SGD(lr=0.1), "has no lr: write learning_rate="),
        (lambda: ANY.SGD({}, 0.1), "too many .*: leave out parameters, which come w"),
        (
            lambda: ANY.Sequential({"conv": Conv(8, 3)}),
            "^layers must be a list, got a dict: Graph takes layers by name$",
        ),
        (
            lambda: ANY.Sequential(Conv(8, 3), ReLU()),
            r"too many .*: write Sequential\(\(Conv\(8, 3\), ReLU\(\)\)\)$",
        ),
        (lambda: ANY.Conv(8, 3)(np.zeros(3)), "^Conv is not called: a Sequential or a"),
        (lambda: any_network().build(input_shape=(5, 6, 2)), "build.. has no input_sh"),
        (
            lambda: any_network().predict(X, verbose=0),
            r"predict.. has no verbose: fit\(",
        ),
        (
            lambda: ANY.fit(any_network(), X, [0], callbacks=[]),
            "callbacks: write on_step",
        ),
        (
            lambda: ANY.fit(any_network(), X, [0], validation_split=0.1, epochs=1),
            r"^fit\(\) has no validation_split: write validation=$",
        ),
        (
            lambda: ANY.evaluate(any_network(), X, [0], verbose=0),
            "evaluate.. has no ver",
        ),
        (
            lambda: ANY.fit(any_network(), X, [0], epoch=1, batchsize=32),
            "no epoch: write epochs=; has no batchsize: write batch_size=$",
        ),
        (
            lambda: ANY.fit(any_network(), X, [0], epochs=1, learning_rate=0.1, seed=0),
            "has no learning_rate: write optimizer=; has no seed: write rng=$",
        ),
        (
            lambda: ANY.fit(any_network(), X, [0], 10),
            r"^fit\(\) has too many positional arguments: write epochs=10$",
        ),
        (lambda: ANY.Adam(betas=(0.9, 0.999)), "no betas: write beta1= and beta2=$"),
        (lambda: any_network()(np.zeros(3)), "^Sequential is not called: predict"),
        (lambda: any_network().parameters(), r"^it is a dict, not .* \['conv1\.w'\]$"),
    ],
)
def test_calls_as_in_keras_or_pytorch_are_refused_with_ours(
    write: Callable[[], Any], said: str
) -> None:
    with pytest.raises(TypeError, match=said):
        write()


OPERATION: Any = im2col_cnn
W = np.zeros((3, 3, 2, 4))


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (
            lambda: OPERATION.conv_forward(X, W, strides=2),
            r"^conv_forward\(\) has no strides: write stride=$",
        ),
        (lambda: OPERATION.conv_forward(X, W, pad=1), "has no pad: write padding=$"),
        (lambda: OPERATION.conv_forward(X, W, bias=0), "has no bias: write b=$"),
        (
            lambda: OPERATION.conv_forward(X, W, None, 2, 1),
            r"too many positional arguments: write stride=2, padding=1$",
        ),
        (
            lambda: OPERATION.max_pool_forward(X, pool_size=2),
            "has no pool_size: write kernel_size=$",
        ),
        (
            lambda: OPERATION.max_pool_forward(X, 2, 2),
            r"^max_pool_forward\(\) has too many positional .*: write stride=2$",
        ),
        (
            lambda: OPERATION.leaky_relu_forward(X, alpha=0.1),
            "has no alpha: write slope=$",
        ),
        (lambda: OPERATION.im2col(X, 3, pad=1), r"^im2col\(\) has no pad: write pad"),
        (lambda: OPERATION.im2col(X), r"^im2col\(\) missing 1 required positional"),
        (
            lambda: OPERATION.relu_forward(X, 6),
            r"^relu_forward\(\) takes 1 positional argument but 2 were given$",
        ),
        (lambda: OPERATION.conv_forward(X, W, stride="a"), "^stride must be an int or"),
    ],
)
def test_operations_are_called_with_our_words(
    write: Callable[[], Any], said: str
) -> None:
    with pytest.raises(TypeError, match=said):
        write()


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda: OPERATION.Conv, r"^module 'im2col_cnn' .*: write im2col_cnn.nn.Conv$"),
        (lambda: OPERATION.fit, r"write im2col_cnn.nn.fit$"),
        (lambda: OPERATION.conv_forwards, r"no attribute 'conv_forwards'$"),
        (
            lambda: ANY.Conv2D,
            r"^module 'im2col_cnn.nn' has no attribute .*: write Conv$",
        ),
        (lambda: ANY.Linear, ": write Dense$"),
        (lambda: ANY.MaxPooling2D, ": write MaxPool$"),
        (lambda: ANY.AveragePooling1D, ": write AvgPool$"),
        (lambda: ANY.BatchNorm2d, ": write BatchNorm$"),
        (lambda: ANY.BatchNormalization, "'BatchNormalization': write BatchNorm$"),
        (lambda: ANY.Conv2DTranspose, ": write ConvTranspose$"),
        (lambda: ANY.GlobalAveragePooling2D, ": write GlobalAvgPool$"),
        (lambda: ANY.DepthwiseConv2D, ": write Conv, with groups=$"),
        (lambda: ANY.Concatenate, ": write Concat$"),
        (lambda: ANY.Whatever, "no attribute 'Whatever'$"),
        (lambda: any_network().copy, r": copy\.deepcopy\(network\) makes one$"),
    ],
)
def test_names_of_others_are_answered_with_ours(
    write: Callable[[], Any], said: str
) -> None:
    with pytest.raises(AttributeError, match=said):
        write()


def any_network() -> Any:
    """Return a network whose attributes no type checker knows."""
    return network()


@pytest.mark.parametrize("word", sorted(word for k in ATTRIBUTES for word in k.split()))
def test_methods_of_keras_or_pytorch_are_refused_with_ours(word: str) -> None:
    things = [thing for thing in THINGS if not hasattr(type(thing), word)]
    for thing in things:
        said = rf"^{type(thing).__name__} has no {word}: [^{{]*$"
        with pytest.raises(AttributeError, match=said):
            getattr(thing, word)

    assert len(things) > 1  # a word that all have would never be looked up


THINGS: tuple[Any, ...] = Graph({"relu": ReLU()}), ReLU(), SGD(0.1)


@pytest.mark.parametrize("thing", [ReLU(), SGD(0.1)])
@pytest.mark.parametrize("word", ["export", "to_onnx"])
def test_parts_of_a_network_say_that_it_goes_to_onnx_as_a_whole(
    word: str, thing: Any
) -> None:
    with pytest.raises(AttributeError, match=rf"no {word}: a network has to_onnx\("):
        getattr(thing, word)


def test_every_setting_that_is_advised_is_one_of_some_class() -> None:
    functions: Any = (nn.fit, nn.evaluate, Sequential.build, Sequential.predict)
    operations = (getattr(OPERATION, name) for name in OPERATION.__all__)
    called = [f for f in operations if inspect.isfunction(f)]
    takers = [inspect.signature(c) for c in (*CLASSES, *functions, *called)]
    taken = {name for taker in takers for name in taker.parameters}

    assert {word for words in OURS.values() for word in words.split()} <= taken
    # A word that is one of all classes would never be looked up.
    assert taken.isdisjoint(word for words in SETTINGS for word in words.split())


def test_every_name_that_is_advised_is_there() -> None:
    for advice in MODULE.values():
        assert re.match(r"write (\w+)", advice)[1] in nn.__all__  # type: ignore[index]


def test_a_wrong_name_is_refused_with_those_there_are() -> None:
    layers: Any = network().layers

    with pytest.raises(KeyError, match="0 is none of rescale1, conv1, "):
        layers[0]


def test_what_is_in_no_table_is_missing_as_ever() -> None:
    unknown: Any = Conv(8, 3)

    assert not hasattr(unknown, "colour")
    with pytest.raises(AttributeError, match=r"^Conv has no filtres$") as caught:
        unknown.filtres  # noqa: B018
    assert (caught.value.name, caught.value.obj) == ("filtres", unknown)


def test_hints_leave_copies_and_signatures_alone() -> None:
    layer = Conv(8, 3, stride=2)
    optimizer = SGD(0.5)

    twins = copy.copy(layer), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
    assert {repr(twin) for twin in twins} == {"Conv(8, 3, stride=2)"}
    assert copy.deepcopy(optimizer).learning_rate == 0.5
    assert list(inspect.signature(Sequential).parameters) == ["layers"]
