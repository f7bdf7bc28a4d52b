"""Weights of other frameworks find their layers, or a table says why not."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn._typing import Array
from im2col_cnn.nn import (
    LSTM,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Dense,
    Flatten,
    Graph,
    Scale,
    Sequential,
    Slice,
    load_keras_weights,
    load_torch_weights,
    save_keras_weights,
    save_torch_weights,
)
from im2col_cnn.nn.formats.pairing import Layout, layout_of
from tests.files.keras import write_by_class, write_by_name

RNG = np.random.default_rng(0)


def network() -> Sequential:
    layers = [Conv(4, 3), BatchNorm(), Conv(4, 1), Flatten(), Dense(5), Dense(5)]
    return Sequential(layers).build((4, 5, 2), rng=np.random.default_rng(3))


def arrays(*shapes: tuple[int, ...]) -> list[Array]:
    return [RNG.random(shape, np.float32) for shape in shapes]


def in_keras() -> dict[str, list[Array]]:
    """Return arrays for that network, as Keras has them, in another order."""
    return {
        "batch_normalization": arrays(*[(4,)] * 4),
        "conv2d": arrays((3, 3, 2, 4), (4,)),
        "conv2d_1": arrays((1, 1, 4, 4), (4,)),
        "dense": arrays((24, 5), (5,)),
        "dense_1": arrays((5, 5), (5,)),
    }


@given(order=st.permutations("DHWIO"), data=st.data())
def test_what_a_layout_does_it_undoes(order: list[str], data: st.DataObject) -> None:
    sizes = dict(zip("DHWIO", (2, 3, 5, 7, 4), strict=True))
    cut = data.draw(st.integers(1, 4))
    ours, theirs = ("DHW", "I", "O"), ("".join(order[:cut]), "".join(order[cut:]))
    x = np.arange(840).reshape(30, 7, 4)
    layout = Layout(ours, theirs, sizes)

    there = layout.outward(x)

    assert there.shape == layout.shape
    assert np.array_equal(layout.inward(there), x)


def test_a_layout_turns_axes_by_their_letters() -> None:
    w = np.arange(2 * 3 * 5 * 7).reshape(2, 3, 5, 7)

    there = layout_of("HWIO", "OIHW", w.shape).outward(w)

    assert np.array_equal(there, w.transpose(3, 2, 0, 1))


def test_weights_of_keras_find_their_layers(tmp_path: Path) -> None:
    theirs, ours = in_keras(), network()

    load_keras_weights(write_by_class(tmp_path / "net.weights.h5", theirs), ours)

    assert np.array_equal(ours.arrays["conv1.w"], theirs["conv2d"][0])
    assert np.array_equal(ours.arrays["conv2.b"], theirs["conv2d_1"][1])
    assert np.array_equal(
        ours.arrays["batch_norm1.running_mean"], theirs["batch_normalization"][2]
    )
    assert np.array_equal(ours.arrays["dense2.w"], theirs["dense_1"][0])


def test_depthwise_and_separable_kernels_of_keras_find_their_layers(
    tmp_path: Path,
) -> None:
    theirs = {
        "depthwise_conv2d": arrays((2, 3, 2, 2), (4,)),
        "separable_conv2d": arrays((3, 1, 4, 1), (1, 1, 4, 5), (5,)),
    }
    ours, again = (
        Sequential(
            [
                Conv(4, (2, 3), groups=2),
                Conv(4, (3, 1), groups=4, bias=False),
                Conv(5, 1),
            ]
        ).build((6, 5, 2), rng=RNG)
        for _ in range(2)
    )
    path = write_by_class(tmp_path / "net.weights.h5", theirs)

    load_keras_weights(path, ours)
    save_keras_weights(tmp_path / "back.weights.h5", ours, like=path)

    first = theirs["depthwise_conv2d"][0]
    assert np.array_equal(ours.arrays["conv1.w"][:, :, 0, 2], first[:, :, 1, 0])
    assert np.array_equal(ours.arrays["conv3.w"], theirs["separable_conv2d"][1])
    load_keras_weights(tmp_path / "back.weights.h5", again)
    assert np.array_equal(again.arrays["conv1.w"][:, :, 0, 2], first[:, :, 1, 0])


def test_weights_of_keras_come_back_with_new_numbers(tmp_path: Path) -> None:
    theirs = write_by_class(tmp_path / "theirs.weights.h5", in_keras())
    one, two = network(), network()
    two.build((4, 5, 2), rng=RNG)

    save_keras_weights(tmp_path / "net.weights.h5", one, like=theirs)
    load_keras_weights(tmp_path / "net.weights.h5", two)

    assert all(np.array_equal(two.arrays[k], a) for k, a in one.arrays.items())


def test_layers_of_keras_that_go_by_name_are_in_their_order(tmp_path: Path) -> None:
    theirs = {"second": arrays((3, 3), (3,)), "first": arrays((3, 3), (3,))}
    ours = Sequential([Dense(3), Dense(3)]).build((3,), rng=RNG)

    load_keras_weights(write_by_name(tmp_path / "net.h5", theirs), ours)

    assert np.array_equal(ours.arrays["dense1.w"], theirs["second"][0])
    assert np.array_equal(ours.arrays["dense2.w"], theirs["first"][0])


def test_a_graph_with_the_names_of_the_file_is_filled_by_name(tmp_path: Path) -> None:
    theirs = {"left": arrays((3, 3), (3,)), "right": arrays((3, 3), (3,))}
    nodes = {
        "right": Dense(3),
        "left": (Dense(3), "input"),
        "sum": (Add(), "left", "right"),
    }
    ours = Graph(nodes).build((3,), rng=RNG)
    path = write_by_class(tmp_path / "net.weights.h5", theirs)

    load_keras_weights(path, ours)

    assert np.array_equal(ours.arrays["left.w"], theirs["left"][0])
    assert np.array_equal(ours.arrays["right.b"], theirs["right"][1])


@pytest.mark.parametrize(
    "nodes",
    [
        {"two": (Flatten(), "input"), "both": (Concat(), "one", "two")},
        {"two": Slice(0, 12)},
        {"two": (Flatten(), "input"), "cut": Slice(0, 1), "sum": (Add(), "cut", "one")},
    ],
)
def test_rows_of_images_that_were_joined_or_cut_are_not_guessed(
    in_torch: Callable[..., tuple[Path, dict[str, Array]]], nodes: dict[str, Any]
) -> None:
    graph = Graph({"one": Flatten()} | nodes | {"fc1": Dense(5)})
    path, _ = in_torch()

    with pytest.raises(ValueError, match=r"fc1 reads .* cut: the order of its rows"):
        load_torch_weights(path, graph.build((2, 3, 4), rng=RNG))


TORCH = {
    "conv1.weight": (4, 2, 3, 3),
    "conv1.bias": (4,),
    "bn.weight": (4,),
    "bn.bias": (4,),
    "bn.running_mean": (4,),
    "bn.running_var": (4,),
    "bn.num_batches_tracked": (),
    "conv2.weight": (4, 4, 1, 1),
    "conv2.bias": (4,),
    "fc1.weight": (5, 24),
    "fc1.bias": (5,),
    "fc2.weight": (5, 5),
    "fc2.bias": (5,),
}


@pytest.fixture
def in_torch(tmp_path: Path) -> Callable[..., tuple[Path, dict[str, Array]]]:
    """Write arrays for that network as PyTorch has them, under other names if asked."""
    safetensors = pytest.importorskip("safetensors.numpy", reason="needs safetensors")

    def write(old: str = "", new: str = "") -> tuple[Path, dict[str, Array]]:
        theirs = {
            name.replace(old, new): RNG.random(shape).astype(np.float32)
            for name, shape in TORCH.items()
        }
        safetensors.save_file(theirs, tmp_path / "theirs.safetensors")
        return tmp_path / "theirs.safetensors", theirs

    return write


def test_weights_of_pytorch_find_their_layers_whose_rows_follow_the_pixels(
    in_torch: Callable[..., tuple[Path, dict[str, Array]]],
) -> None:
    (path, theirs), ours = in_torch(), network()

    load_torch_weights(path, ours)

    assert np.array_equal(
        ours.arrays["conv1.w"], theirs["conv1.weight"].transpose(2, 3, 1, 0)
    )
    # The pixel at row 1, column 0 of channel 2, of 2x3 pixels and 4 channels.
    row = (1 * 3 + 0) * 4 + 2
    column = (2 * 2 + 1) * 3 + 0
    assert np.array_equal(ours.arrays["dense1.w"][row], theirs["fc1.weight"][:, column])
    assert np.array_equal(ours.arrays["dense2.w"], theirs["fc2.weight"].T)


def test_weights_of_pytorch_come_back_bit_by_bit(
    in_torch: Callable[..., tuple[Path, dict[str, Array]]], tmp_path: Path
) -> None:
    from safetensors.numpy import load_file  # noqa: PLC0415  # an extra

    (path, theirs), ours = in_torch(), network()

    load_torch_weights(path, ours, flattened="WCH")
    save_torch_weights(tmp_path / "back", ours, like=path, flattened="WCH")

    back = load_file(tmp_path / "back")
    assert back.keys() == theirs.keys()
    assert all(np.array_equal(back[k], a) for k, a in theirs.items())


LSTM_ARRAYS = {  # of 2 units that read 3 channels
    "weight_ih": (8, 3),
    "weight_hh": (8, 2),
    "bias_ih": (8,),
    "bias_hh": (8,),
}


def lstm_in_torch(path: Path, name: str = "lstm.{}_l0") -> dict[str, Array]:
    """Write the arrays of an LSTM as PyTorch has them."""
    safetensors = pytest.importorskip("safetensors.numpy", reason="needs safetensors")
    theirs = {
        name.format(role): RNG.normal(size=shape).astype(np.float32)
        for role, shape in LSTM_ARRAYS.items()
    }
    safetensors.save_file(theirs, path)
    return theirs


@pytest.mark.parametrize("name", ["lstm.{}_l0", "{}_l0", "net.cell.{}"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_lstm_of_pytorch_comes_back_bit_by_bit_with_both_biases(
    tmp_path: Path, name: str, dtype: type
) -> None:
    theirs = lstm_in_torch(tmp_path / "theirs", name)
    ours = Sequential([LSTM(2)]).build((4, 3), rng=RNG, dtype=dtype)

    load_torch_weights(tmp_path / "theirs", ours)
    save_torch_weights(tmp_path / "back", ours, like=tmp_path / "theirs")

    w, recurrent, b = ours.arrays.values()
    assert np.array_equal(w.T, theirs[name.format("weight_ih")])
    assert np.array_equal(recurrent.T, theirs[name.format("weight_hh")])
    both = theirs[name.format("bias_ih")] + theirs[name.format("bias_hh")]
    assert np.array_equal(b, both)
    assert_same_files(tmp_path / "back", tmp_path / "theirs")


def assert_same_files(first: Path, second: Path) -> None:
    from safetensors.numpy import load_file  # noqa: PLC0415  # an extra

    one, two = load_file(first), load_file(second)
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[name], array) for name, array in two.items())


def test_what_an_lstm_learned_anew_goes_into_its_first_bias(tmp_path: Path) -> None:
    from safetensors.numpy import load_file  # noqa: PLC0415  # an extra

    theirs = lstm_in_torch(tmp_path / "theirs")
    ours = Sequential([LSTM(2)]).build((4, 3), rng=RNG)
    load_torch_weights(tmp_path / "theirs", ours)
    ours.arrays["lstm1.b"][5] = 7

    save_torch_weights(tmp_path / "back", ours, like=tmp_path / "theirs")

    back = load_file(tmp_path / "back")
    first, second = (back[f"lstm.bias_{name}_l0"] for name in ("ih", "hh"))
    assert (first[5], second[5]) == (7, 0)
    assert np.array_equal(first + second, ours.arrays["lstm1.b"])
    assert first[4] == theirs["lstm.bias_ih_l0"][4]


def test_an_lstm_of_several_layers_is_several_here(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy", reason="needs safetensors")
    theirs = {
        f"lstm.{role}_l{n}": RNG.random((8, 2) if "weight" in role else 8, np.float32)
        for n in (10, 9)
        for role in LSTM_ARRAYS
    }
    safetensors.save_file(theirs, tmp_path / "theirs")
    layers = [LSTM(2, return_sequences=True), LSTM(2)]
    ours = Sequential(layers).build((4, 2), rng=RNG)

    load_torch_weights(tmp_path / "theirs", ours)

    assert np.array_equal(ours.arrays["lstm1.w"].T, theirs["lstm.weight_ih_l9"])
    assert np.array_equal(ours.arrays["lstm2.w"].T, theirs["lstm.weight_ih_l10"])


@pytest.mark.parametrize(
    "role", ["bias_ih_l0", "weight_hr_l0", "weight_ih_l0_reverse", "bias"]
)
def test_an_lstm_of_another_kind_is_refused_with_a_table(
    tmp_path: Path, role: str
) -> None:
    safetensors = pytest.importorskip("safetensors.numpy", reason="needs safetensors")
    theirs = lstm_in_torch(tmp_path / "theirs")
    theirs |= {f"lstm.{role}": np.ones((8, 3) if "ih" in role else 1, np.float32)}
    safetensors.save_file(theirs, tmp_path / "theirs")
    ours = Sequential([LSTM(2)]).build((4, 3), rng=RNG)

    with pytest.raises(ValueError, match=r"has no partner.*\n.*\n  lstm1 8x3 8x2 8 "):
        load_torch_weights(tmp_path / "theirs", ours)


def test_sequences_that_were_flattened_have_an_order_that_must_be_said(
    tmp_path: Path,
) -> None:
    safetensors = pytest.importorskip("safetensors.numpy", reason="needs safetensors")
    theirs = lstm_in_torch(tmp_path / "theirs")
    theirs |= {"fc.weight": RNG.random((1, 8), np.float32)}
    safetensors.save_file(theirs, tmp_path / "theirs")
    layers = [LSTM(2, return_sequences=True), Flatten(), Dense(1, bias=False)]
    ours = Sequential(layers).build((4, 3), rng=RNG)

    with pytest.raises(
        ValueError, match=r"dense1 reads sequences .*: flattened='WC' s"
    ):
        load_torch_weights(tmp_path / "theirs", ours)

    load_torch_weights(tmp_path / "theirs", ours, flattened="WC")
    assert np.array_equal(ours.arrays["dense1.w"].T, theirs["fc.weight"])


def test_an_lstm_of_keras_lies_as_ours(tmp_path: Path) -> None:
    theirs = {"lstm": arrays((3, 8), (2, 8), (8,))}
    ours, again = (Sequential([LSTM(2)]).build((4, 3), rng=RNG) for _ in range(2))
    path = write_by_class(tmp_path / "net.weights.h5", theirs)

    load_keras_weights(path, ours)
    save_keras_weights(tmp_path / "back.weights.h5", ours, like=path)

    load_keras_weights(tmp_path / "back.weights.h5", again)
    for one, two, wanted in zip(
        ours.arrays.values(), again.arrays.values(), theirs["lstm"], strict=True
    ):
        assert np.array_equal(one, wanted)
        assert np.array_equal(two, wanted)


def test_what_the_names_leave_open_is_refused_with_a_table(
    in_torch: Callable[..., tuple[Path, dict[str, Array]]],
) -> None:
    layers = [Dense(5), Dense(5)]
    ours = Sequential(layers).build((5,), rng=RNG)
    before = {k: a.copy() for k, a in ours.arrays.items()}
    path, _ = in_torch()
    safetensors = pytest.importorskip("safetensors.numpy")
    a, b = arrays((5, 5), (5,))
    theirs = {"fc.weight": a, "fc.bias": b, "out.weight": a.T.copy(), "out.bias": b}
    safetensors.save_file(theirs, path)

    with pytest.raises(ValueError, match="dense1 could be any of fc, out") as no:
        load_torch_weights(path, ours)
    assert "\n  dense1 5x5 5  -\n" in str(no.value)
    assert all(np.array_equal(ours.arrays[k], x) for k, x in before.items())

    load_torch_weights(path, ours, names=["out", "fc"])
    assert np.array_equal(ours.arrays["dense1.w"], a)


def test_a_model_that_flattens_in_no_such_order_is_refused(
    in_torch: Callable[..., tuple[Path, dict[str, Array]]],
) -> None:
    path, _ = in_torch()

    with pytest.raises(ValueError, match=r"an order of HWC, .* dense1, got 'NCHW'"):
        load_torch_weights(path, network(), flattened="NCHW")


def test_layers_that_only_one_side_has_are_refused_with_a_table(tmp_path: Path) -> None:
    theirs = in_keras()
    path = tmp_path / "net.weights.h5"
    extra = write_by_class(path, theirs | {"dense_2": arrays((2, 3))})

    with pytest.raises(
        ValueError, match=r"dense_2 has no partner(.*\n)*  -  .*dense_2 2x3"
    ):
        load_keras_weights(extra, network())

    path.unlink()
    del theirs["conv2d_1"]
    with pytest.raises(
        ValueError, match=r"conv2 has no partner(.*\n)*  conv2 1x1x4x4 4 *-"
    ):
        load_keras_weights(write_by_class(path, theirs), network())


def test_numbers_that_are_not_finite_leave_the_network_as_it_was(
    tmp_path: Path,
) -> None:
    theirs, ours = in_keras(), network()
    theirs["dense_1"][1][2] = np.nan
    before = {k: a.copy() for k, a in ours.arrays.items()}

    with pytest.raises(
        ValueError, match=r"net\.weights\.h5: dense_1/1 must hold finite"
    ):
        load_keras_weights(write_by_class(tmp_path / "net.weights.h5", theirs), ours)

    assert all(np.array_equal(ours.arrays[k], a) for k, a in before.items())


def test_names_must_be_as_many_as_layers(tmp_path: Path) -> None:
    path = write_by_class(tmp_path / "net.weights.h5", in_keras())

    with pytest.raises(ValueError, match="for each of 5 layers, got 1"):
        load_keras_weights(path, network(), names=["conv2d"])


def test_names_by_layer_take_the_layers_that_they_say(tmp_path: Path) -> None:
    theirs, ours = in_keras(), network()
    path = write_by_class(tmp_path / "net.weights.h5", theirs)
    twins = Sequential([Dense(5), Dense(5)]).build((5,), rng=RNG)
    square = {"dense": arrays((5, 5), (5,)), "dense_1": arrays((5, 5), (5,))}
    (tmp_path / "twins").mkdir()
    both = write_by_class(tmp_path / "twins" / "net.weights.h5", square)

    load_keras_weights(path, ours, names={"conv1": "conv2d"})
    load_keras_weights(both, twins, names={"dense2": "dense", "dense1": "dense_1"})

    assert np.array_equal(ours.arrays["conv1.w"], theirs["conv2d"][0])
    assert np.array_equal(twins.arrays["dense1.w"], square["dense_1"][0])
    assert np.array_equal(twins.arrays["dense2.w"], square["dense"][0])
    load_keras_weights(both, twins, names={"dense1": "dense_1"})  # the other is left
    assert np.array_equal(twins.arrays["dense2.w"], square["dense"][0])


@pytest.mark.parametrize(
    ("names", "error", "words"),
    [
        ({"conv9": "conv2d"}, ValueError, "'conv9' is none of conv1, batch_norm1, "),
        ({"conv2d", "dense"}, TypeError, r"^names must be a list or a dict of ours to"),
        ("conv2d", TypeError, r"^names must be a list or a dict .*, got 'conv2d'$"),
        ({"conv1": "head"}, ValueError, "conv1 has no partner; "),
    ],
)
def test_names_that_say_nothing_certain_are_refused(
    tmp_path: Path, names: Any, error: type[Exception], words: str
) -> None:
    path = write_by_class(tmp_path / "net.weights.h5", in_keras())

    with pytest.raises(error, match=words):
        load_keras_weights(path, network(), names=names)


def test_a_file_of_keras_2_is_no_pattern(tmp_path: Path) -> None:
    path = write_by_name(tmp_path / "net.h5", in_keras())

    with pytest.raises(ValueError, match=r"net\.h5: is none of Keras 3: save_weights"):
        save_keras_weights(tmp_path / "net.weights.h5", network(), like=path)


def test_a_file_that_safetensors_cannot_read_is_refused_in_one_line(
    in_torch: Callable[..., tuple[Path, dict[str, Array]]],
) -> None:
    path, _ = in_torch()
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(OSError, match=r"theirs\.safetensors: is not read") as no:
        load_torch_weights(path, network())

    assert "\n" not in str(no.value)


def test_weights_of_pytorch_say_what_they_need(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)

    with pytest.raises(ModuleNotFoundError, match=r"'im2col-cnn\[safetensors\]'"):
        load_torch_weights(tmp_path / "net.safetensors", network())


@pytest.mark.parametrize("load", [load_keras_weights, load_torch_weights])
def test_a_layer_that_others_lack_is_named(
    load: Callable[..., None], in_torch: Callable[..., tuple[Path, dict[str, Array]]]
) -> None:
    path, _ = in_torch()
    if load is load_keras_weights:
        path = write_by_class(path, in_keras())
    ours = Sequential([Scale()]).build((2,), rng=RNG)

    with pytest.raises(ValueError, match=r"scale1: .* has no partner of its w"):
        load(path, ours)
