"""Run a network with its sliding windows done another way than its layers do them."""

from typing import Any, Protocol, final

from .._typing import Array
from ..nn.layer import Gradients, Layer
from ..nn.network import Sequential

__all__ = ["Back", "Chain", "Way"]

Back = tuple[Array | None, Gradients]


class Way(Protocol):
    """How one layer is done, and undone."""

    def forward(self, layer: Layer, x: Array) -> tuple[Array, Any]:
        """Return y, and what backward needs to know."""

    def backward(self, layer: Layer, dy: Array, cache: Any) -> Back:
        """Return dx and the gradients of the parameters."""


@final
class Chain:
    """A network, and the way its layers are done."""

    def __init__(self, network: Sequential, way: Way) -> None:
        self.layers, self.parameters, self.way = network.layers, network.parameters, way

    def forward(self, x: Array) -> tuple[Array, dict[str, Any]]:
        """Pass images through."""
        caches = {}
        for name, layer in self.layers.items():
            x, caches[name] = self.way.forward(layer, x)
        return x, caches

    def backward(
        self, dy: Array, caches: dict[str, Any], *, input_gradient: bool
    ) -> Back:
        """Pass gradients back, to the images too: these ways cannot do without."""
        dx: Array | None = dy
        gradients: Gradients = {}
        for name, layer in reversed(self.layers.items()):
            assert dx is not None  # every layer has been asked for it
            dx, found = self.way.backward(layer, dx, caches[name])
            gradients |= {f"{name}.{key}": array for key, array in found.items()}
        return dx if input_gradient else None, gradients
