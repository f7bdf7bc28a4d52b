"""A network filled from PyTorch answers what PyTorch answers, and gives it all back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn.nn import (
    BatchNorm,
    Conv,
    ConvTranspose,
    Dense,
    Flatten,
    MaxPool,
    ReLU,
    Sequential,
    load_torch_weights,
    save_torch_weights,
)
from tests.frameworks.agreement import assert_near, channels_first

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
