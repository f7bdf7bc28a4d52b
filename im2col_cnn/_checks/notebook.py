"""Refuse what the notebook's functions cannot take."""

from collections.abc import Mapping
from typing import Any

from .quoting import quoted

__all__ = [
    "as_hyperparameters",
    "as_notebook_cache",
    "require_bias",
]


def as_hyperparameters(
    value: Any, *, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return `value` as a dict with the keys that are required, and no unknown ones."""
    if not isinstance(value, Mapping):
        raise TypeError(f"hyperparameters must be a dict, got {quoted(value)}")
    missing = [key for key in required if key not in value]
    unknown = [key for key in value if key not in required + optional]
    if missing or unknown:
        raise ValueError(
            f"hyperparameters must have the keys {', '.join(map(repr, required))}, got "
            f"{', '.join(map(repr, value)) or 'none'}"
        )
    return dict(value)


def as_notebook_cache(cache: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    """Refuse a cache that is not a tuple of so many things."""
    if not isinstance(cache, tuple | list) or len(cache) != len(names):
        raise TypeError(
            f"cache must be the tuple ({', '.join(names)}), got {quoted(cache)}"
        )
    return tuple(cache)


def require_bias(b: Any) -> None:
    """Refuse to do without a bias, which the notebook always has."""
    if b is None:
        raise TypeError(
            "b must hold one number per filter, got None: np.zeros((1, 1, 1, n_C)) "
            "adds nothing"
        )
