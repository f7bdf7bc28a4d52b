"""A network filled from PyTorch answers what PyTorch answers, and gives it all back."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn.nn import (
    LSTM,
    BatchNorm,
    Concat,
    Conv,
    ConvTranspose,
    Dense,
    Flatten,
    Graph,
    MaxPool,
    PReLU,
    ReLU,
    Sequential,
    Slice,
    Softmax,
    load_torch_weights,
    save_torch_weights,
)
from tests.frameworks.agreement import assert_near, channels_first
from tests.frameworks.real_models import face, from_wheel

pytestmark = pytest.mark.frameworks


@pytest.fixture
def safetensors() -> Any:
    return pytest.importorskip("safetensors.torch", reason="needs safetensors")


def randomize(torch: Any, model: Any) -> Any:
    """Give statistics and scales other values than 0 and 1."""
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.dtype == torch.int64:
                tensor.add_(7)
            elif tensor.ndim == 1:
                tensor.uniform_(0.5, 2, generator=rng)
            else:
                assert "weight" in name
                tensor.normal_(generator=rng)
    return model.eval()


def twins(torch: Any) -> tuple[Any, Sequential]:
    """Return the same layers there and here."""
    nn = torch.nn
    theirs = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, (3, 2), stride=2, groups=4, bias=False),
        nn.ConvTranspose2d(8, 4, 3, stride=2, groups=2),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.BatchNorm1d(80),
        nn.Linear(80, 5),
        nn.ReLU(),
        nn.Linear(5, 5),
    )
    ours = [
        Conv(8, 3, padding=1),
        BatchNorm(),
        ReLU(),
        Conv(8, (3, 2), stride=2, groups=4, bias=False),
        ConvTranspose(4, 3, stride=2, groups=2),
        MaxPool(2),
        Flatten(),
        BatchNorm(),
        Dense(5),
        ReLU(),
        Dense(5),
    ]
    network = Sequential(ours).build((9, 10, 3), rng=np.random.default_rng(0))
    return randomize(torch, theirs), network


def test_a_network_with_weights_of_pytorch_answers_the_same(
    torch: Any, safetensors: Any, tmp_path: Path
) -> None:
    theirs, ours = twins(torch)
    safetensors.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    x = np.random.default_rng(1).random((4, 9, 10, 3), np.float32)

    load_torch_weights(tmp_path / "theirs.safetensors", ours)

    with torch.no_grad():
        expected = theirs(torch.from_numpy(channels_first(x).copy())).numpy()
    assert_near(ours.predict(x), expected)


def test_weights_come_back_to_pytorch_bit_by_bit(
    torch: Any, safetensors: Any, tmp_path: Path
) -> None:
    theirs, ours = twins(torch)
    path, back = tmp_path / "theirs.safetensors", tmp_path / "back.safetensors"
    safetensors.save_file(theirs.state_dict(), path)

    load_torch_weights(path, ours)
    save_torch_weights(back, ours, like=path)

    found = safetensors.load_file(back)
    assert found.keys() == theirs.state_dict().keys()
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(found[name], tensor)


def test_an_lstm_of_pytorch_answers_the_same_and_comes_back(
    torch: Any, safetensors: Any, tmp_path: Path
) -> None:
    nn = torch.nn
    parts = {
        "lstm": nn.LSTM(3, 5, num_layers=2, batch_first=True),
        "last": nn.LSTM(5, 4, batch_first=True),
        "fc": nn.Linear(4, 2),
    }
    theirs = randomize(torch, nn.ModuleDict(parts))
    layers = [LSTM(5, return_sequences=True) for _ in "ab"]
    ours = Sequential([*layers, LSTM(4), Dense(2)])
    ours = ours.build((7, 3), rng=np.random.default_rng(0))
    path, back = tmp_path / "theirs.safetensors", tmp_path / "back.safetensors"
    safetensors.save_file(theirs.state_dict(), path)
    x = np.random.default_rng(1).normal(size=(6, 7, 3)).astype(np.float32)
    names = ["lstm.0", "lstm.1", "last", "fc"]

    load_torch_weights(path, ours, names=names)
    save_torch_weights(back, ours, like=path, names=names)

    with torch.no_grad():
        h, _ = theirs["lstm"](torch.from_numpy(x))
        h, _ = theirs["last"](h)
        expected = theirs["fc"](h[:, -1]).numpy()
    assert_near(ours.predict(x), expected)
    found = safetensors.load_file(back)
    assert found.keys() == theirs.state_dict().keys()
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(found[name], tensor)


def test_an_lstm_of_both_directions_is_two_here(
    torch: Any, safetensors: Any, tmp_path: Path
) -> None:
    lstm = torch.nn.LSTM(3, 5, batch_first=True, bidirectional=True)
    theirs = randomize(torch, torch.nn.ModuleDict({"lstm": lstm}))
    ours = Graph(
        {
            "there": LSTM(5, return_sequences=True),
            "turned": (Slice(None, None, step=-1, axis=1), "input"),
            "back": LSTM(5, return_sequences=True),
            "turned_again": Slice(None, None, step=-1, axis=1),
            "both": (Concat(), "there", "turned_again"),
        }
    ).build((7, 3), rng=np.random.default_rng(0))
    path = tmp_path / "theirs.safetensors"
    safetensors.save_file(theirs.state_dict(), path)
    x = np.random.default_rng(1).normal(size=(6, 7, 3)).astype(np.float32)

    load_torch_weights(path, ours, names=["lstm.0", "lstm.0_reverse"])

    with torch.no_grad():
        expected, _ = lstm(torch.from_numpy(x))
    assert_near(ours.predict(x), expected.numpy())


def real(torch: Any, safetensors: Any, name: str, folder: Path) -> tuple[Any, Path]:
    """Return the weights of a network of facenet-pytorch, there and in a safe file."""
    pickled = from_wheel("facenet_pytorch", f"facenet_pytorch/data/{name}.pt", folder)
    state = torch.load(pickled, weights_only=True)
    state = {name: tensor.contiguous() for name, tensor in state.items()}
    safetensors.save_file(state, folder / f"{name}.safetensors")
    return state, folder / f"{name}.safetensors"


def test_a_real_network_of_convolutions_answers_the_same(
    torch: Any, safetensors: Any, tmp_path: Path
) -> None:
    state, path = real(torch, safetensors, "pnet", tmp_path)
    ours = Graph(
        {
            "conv1": Conv(10, 3),
            "prelu1": PReLU(),
            "pool1": MaxPool(2, ceil_mode=True),
            "conv2": Conv(16, 3),
            "prelu2": PReLU(),
            "conv3": Conv(32, 3),
            "prelu3": PReLU(),
            "conv4_1": Conv(2, 1),
            "face": Softmax(),
            "conv4_2": (Conv(4, 1), "prelu3"),
        },
        outputs=("face", "conv4_2"),
    ).build((61, 61, 3), rng=np.random.default_rng(0))
    x = face(61, 3)

    load_torch_weights(path, ours)

    found, F = ours.predict(x), torch.nn.functional

    def conv(name: str, y: Any) -> Any:
        return F.conv2d(y, state[f"{name}.weight"], state[f"{name}.bias"])

    y = torch.from_numpy(channels_first(x))
    for n in (1, 2, 3):
        y = F.prelu(conv(f"conv{n}", y), state[f"prelu{n}.weight"])
        y = F.max_pool2d(y, 2, ceil_mode=True) if n == 1 else y
    assert_near(channels_first(found["face"]), conv("conv4_1", y).softmax(1).numpy())
    assert_near(channels_first(found["conv4_2"]), conv("conv4_2", y).numpy())


# Pixels, filters, kernels, poolings, and features of the dense layer.
FLATTENING: dict[str, tuple[int, Sequence[int], Sequence[int], Sequence[int], int]] = {
    "rnet": (24, (28, 48, 64), (3, 3, 2), (3, 3), 128),
    "onet": (48, (32, 64, 64, 128), (3, 3, 3, 2), (3, 3, 2), 256),
}


@pytest.mark.parametrize("name", FLATTENING)
def test_a_real_network_that_flattens_answers_the_same(
    torch: Any, safetensors: Any, tmp_path: Path, name: str
) -> None:
    size, filters, kernels, pools, features = FLATTENING[name]
    state, path = real(torch, safetensors, name, tmp_path)
    x, F = face(size, 3), torch.nn.functional
    y = torch.from_numpy(channels_first(x))
    nodes: dict[str, Any] = {}
    for n in range(len(filters)):
        conv, slope = f"conv{n + 1}", f"prelu{n + 1}"
        nodes |= {conv: Conv(filters[n], kernels[n]), slope: PReLU()}
        y = F.conv2d(y, state[f"{conv}.weight"], state[f"{conv}.bias"])
        y = F.prelu(y, state[f"{slope}.weight"])
        if n < len(pools):
            nodes[f"pool{n + 1}"] = MaxPool(pools[n], stride=2, ceil_mode=True)
            y = F.max_pool2d(y, pools[n], 2, ceil_mode=True)

    def dense(name: str, y: Any) -> Any:
        return F.linear(y, state[f"{name}.weight"], state[f"{name}.bias"])

    n = len(filters) + 1
    slope = f"prelu{n}"
    nodes |= {"flat": Flatten(), f"dense{n}": Dense(features), slope: PReLU()}
    y = dense(f"dense{n}", y.permute(0, 3, 2, 1).flatten(1))
    y = F.prelu(y, state[f"{slope}.weight"])
    heads = re.findall(rf"(dense{n + 1}_\d)\.bias", " ".join(state))
    nodes |= {head: (Dense(len(state[f"{head}.bias"])), slope) for head in heads}
    ours = Graph(nodes, heads).build((size, size, 3), rng=np.random.default_rng(0))

    load_torch_weights(path, ours, flattened="WHC")

    found = ours.predict(x)
    assert len(heads) > 1
    for head in heads:
        assert_near(found[head], dense(head, y).numpy())
