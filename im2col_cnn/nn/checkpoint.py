"""The state of a training, and checkpoints: files to save it to and resume from.

What the next step depends on: the network with its running statistics, the memory of
the optimizer, the state of the random generator, how far it went, which images were
held out, and the best network so far. With all of that back in place, the next epoch is
bit for bit the one that would have followed.

    network/conv1/w ...    optimizer/conv1.w.mean ...    best/conv1/w ...
    history                one row per step             held_out    indices of images
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._checks import printable
from .._dtypes import arithmetic
from .._interrupts import without_interrupt
from .._typing import AnyPath, Array
from ..files.archive import Archive, read_archive, write_archive
from ..files.weights import file_names
from .history import History
from .network import Network
from .optimizers import Optimizer
from .progress import Progress
from .validation import HeldOut

__all__ = ["TrainingState", "load_checkpoint", "save_checkpoint"]

KIND = "checkpoint"
WAYS_OUT = {  # where a setting is not called what its user calls it
    "held_out": ": give the same validation (--validation)",
    "images": ": give the same images",
    "labels": ": give the same labels",
}


@dataclass
class TrainingState:
    """
    The state of a training: network, optimizer, generator, history, best weights.

    `fixed` are the settings that cannot change in the middle of it, `held_out` the
    validation set, whose images are never learned from, and `best` the arrays of the
    network as they were after its best epoch, if that is asked for.
    """

    network: Network
    optimizer: Optimizer
    rng: np.random.Generator
    fixed: dict[str, Any]
    held_out: HeldOut
    history: History = field(default_factory=History)
    best: dict[str, Array] = field(default_factory=dict)

    def keep_best(self) -> None:
        """Copy the network, if no epoch before this one was as good."""
        if self.history.best is self.history.steps[-1]:
            self.best = {k: array.copy() for k, array in self.network.arrays.items()}

    def restore_best(self) -> None:
        """Copy the best weights back into the network, if there are any."""
        arrays = self.network.arrays
        with without_interrupt():
            for name, array in self.best.items():
                arrays[name][...] = array


class SettingMismatch(NamedTuple):
    """A setting with which a training was started, and its value now."""

    name: str
    before: Any
    now: Any


def save_checkpoint(path: AnyPath, state: TrainingState) -> None:
    """
    Write the state of a training to a file, whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written; what was there before still is.
    """
    rows = [[np.nan if n is None else n for n in at] for at in state.history.steps]
    configuration = {
        "network": state.network.configuration,
        "settings": state.fixed | settings_of(state.optimizer),
        "random": plain(state.rng.bit_generator.state),
    }
    arrays = {
        **prefixed("network", file_names(state.network.arrays)),
        **prefixed("optimizer", state.optimizer.state),
        **prefixed("best", file_names(state.best)),
        "history": np.array(rows, np.float64),
        "held_out": state.held_out.indices,
    }
    write_archive(Path(path), KIND, configuration, arrays)


def load_checkpoint(path: AnyPath, state: TrainingState) -> None:
    """
    Read the state of a training from a file, in place.

    Raises
    ------
    OSError
        If the file is missing or damaged.
    ValueError
        If it is of another network or was started with other settings: to go on would
        not be to continue. Nothing has changed then.
    """
    archive = read_archive(Path(path), KIND)
    for what in differences(archive.configuration, state):
        raise ValueError(
            f"{path}: was started with {what.name} = "
            f"{printable(str(what.before)):.60}, not {what.now!s:.60}"
            f"{WAYS_OUT.get(what.name, '')}"
        )
    ours = file_names(state.network.arrays)
    stored, best = taken(archive, "network"), taken(archive, "best")
    for found in [stored, best] if best else [stored]:
        if kinds_of(found) != kinds_of(ours):
            raise ValueError(f"{path}: holds the arrays of another network")
        if not all(np.isfinite(array).all() for array in found.values()):
            raise ValueError(f"{path}: holds NaN or infinity")
    memory = taken(archive, "optimizer")
    held_out, history = archive.arrays.get("held_out"), read_history(archive)
    if held_out is None:
        raise ValueError(f"{path}: has no held_out")
    require_indices(path, held_out, state.held_out)
    require_memory(path, memory, state)
    try:
        set_state(state.rng, archive.configuration["random"])
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: has no state of this random generator") from error
    names = {
        file_name: name
        for name, file_name in zip(state.network.arrays, ours, strict=True)
    }
    with without_interrupt():  # and nothing can fail from here on
        for name, array in ours.items():
            array[...] = stored[name]
        state.best = {names[name]: array for name, array in best.items()}
        state.optimizer.state, state.optimizer.served = memory, {}
        state.held_out = state.held_out._replace(indices=held_out)
        state.history = history


def settings_of(optimizer: Optimizer) -> dict[str, Any]:
    """Return the kind of an optimizer and what it was made with."""
    made_with = {
        f.name: getattr(optimizer, f.name) for f in fields(optimizer) if f.init
    }
    return {"optimizer": type(optimizer).__name__, **made_with}


def differences(
    configuration: dict[str, Any], state: TrainingState
) -> list[SettingMismatch]:
    """Return the settings in which a checkpoint differs from the training now."""
    before = configuration.get("settings")
    before = before if isinstance(before, dict) else {}
    before = before | {"network": configuration.get("network")}
    now = state.fixed | settings_of(state.optimizer)
    now = now | {"network": state.network.configuration}
    if now.get("schedule"):  # then the learning rate is a function of the step
        before, now = before | {"learning_rate": 0}, now | {"learning_rate": 0}
    return [
        SettingMismatch(name, before.get(name), value)
        for name, value in now.items()
        if before.get(name) != value
    ]


def kinds_of(arrays: dict[str, Array]) -> dict[str, Any]:
    """Return shape and dtype of arrays, by name."""
    return {name: (array.shape, array.dtype) for name, array in arrays.items()}


def require_indices(path: Any, indices: Array, held_out: HeldOut) -> None:
    """Refuse indices of images that there are not, or that come twice."""
    N = len(held_out.images)
    if (
        indices.shape != held_out.indices.shape
        or indices.dtype != held_out.indices.dtype
        or (np.diff(indices, prepend=-1, append=N) < 1).any()
    ):
        raise ValueError(
            f"{path}: held_out must be {len(held_out.indices)} indices of {N} images, "
            f"in order"
        )


def require_memory(path: Any, memory: dict[str, Array], state: TrainingState) -> None:
    """Refuse the arrays of an optimizer of other parameters."""
    for name, array in memory.items():
        parameter = state.network.parameters.get(name.rpartition(".")[0])
        shape, dtype = (), np.dtype(np.int64)
        if parameter is not None:
            shape, dtype = parameter.shape, arithmetic(parameter).working
        if (array.shape, array.dtype) != (shape, dtype):
            raise ValueError(
                f"{path}: optimizer/{name} must have shape {shape} and be {dtype}"
            )
        # Steps are counted, and squares add up: neither goes below 0.
        counts = name == "steps" or name.endswith(".square")
        if not np.isfinite(array).all() or (counts and (array < 0).any()):
            raise ValueError(f"{path}: optimizer/{name} holds what no training leaves")


def read_history(archive: Archive) -> History:
    """Return the steps that were taken."""
    rows = archive.arrays.get("history")
    width = len(Progress._fields)
    if rows is None or rows.dtype != np.float64 or rows.shape[1:] != (width,):
        raise ValueError(f"{archive.path}: history must have {width} numbers a row")
    whole = rows[:, :3]
    counts = (whole >= 1) & (whole < 2**53) & (whole == np.floor(whole))
    if not counts.all():
        raise ValueError(
            f"{archive.path}: history must count epochs and steps from 1, got "
            f"{whole[~counts][0]}"
        )
    return History(
        [
            Progress(
                *(int(n) for n in row[:3]),
                *row[3:6],
                *(None if np.isnan(n) else n for n in row[6:]),
            )
            for row in rows.tolist()
        ]
    )


def plain(state: Any) -> Any:
    """Return the state of a random generator as JSON has it."""
    if isinstance(state, dict):
        return {key: plain(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray | np.generic) else state


def set_state(rng: np.random.Generator, stored: Any) -> None:
    """Set the state of a random generator to one that `plain` wrote."""

    def shaped(value: Any, like: Any) -> Any:
        if isinstance(like, dict):
            return {key: shaped(value[key], like[key]) for key in like}
        return np.array(value, like.dtype) if isinstance(like, np.ndarray) else value

    rng.bit_generator.state = shaped(stored, rng.bit_generator.state)


def prefixed(group: str, arrays: dict[str, Array]) -> dict[str, Array]:
    """Put arrays into a group of the file."""
    return {f"{group}/{name}": array for name, array in arrays.items()}


def taken(archive: Archive, group: str) -> dict[str, Array]:
    """Take arrays out of a group of the file."""
    head = f"{group}/"
    return {
        name.removeprefix(head): array
        for name, array in archive.arrays.items()
        if name.startswith(head)
    }
