"""List who can be asked: this package's rungs, and other libraries."""

from collections.abc import Callable

from .case import Case
from .contestant import Arrays, Contestant
from .own_contestants import of_columns, of_fast, of_loops, of_product
from .with_jax import of_jax
from .with_mygrad import of_mygrad
from .with_torch import of_torch, of_torch_first, of_torch_last

__all__ = ["CONTESTANTS", "LIBRARIES", "RUNGS"]

RUNGS: dict[str, Callable[[Case, Arrays], Contestant]] = {
    "loops": of_loops,
    "columns": of_columns,
    "fast": of_fast,
    "product": of_product,
}
LIBRARIES: dict[str, Callable[[Case, Arrays], Contestant]] = {
    "jax": of_jax,
    "mygrad": of_mygrad,
    "torch": of_torch,
    "torch-channels-first": of_torch_first,
    "torch-channels-last": of_torch_last,
}
CONTESTANTS = RUNGS | LIBRARIES
