"""Do what slides with nested loops."""

from typing import Any, final

from .. import loops
from .._typing import Array
from ..nn.layer import Layer
from ..nn.layers import Conv
from ..nn.pooling import AvgPool, MaxPool
from .cases import sliding
from .chains import Back

__all__ = ["ByLoops"]


@final
class ByLoops:
    """Loop over images, windows, channels and filters."""

    def forward(self, layer: Layer, x: Array) -> tuple[Array, Any]:
        """Do a layer."""
        match layer:
            case Conv():
                w, b = layer.built["w"], layer.built.get("b")
                slide = {**sliding(layer), "groups": layer.groups}
                return loops.conv_forward(x, w, b, **slide)
            case MaxPool():
                return loops.max_pool_forward(x, layer.kernel_size, **sliding(layer))
            case AvgPool():
                return loops.avg_pool_forward(x, layer.kernel_size, **sliding(layer))
        return layer.forward(x)

    def backward(self, layer: Layer, dy: Array, cache: Any) -> Back:
        """Undo it."""
        match layer:
            case Conv():
                dx, dw, db = loops.conv_backward(dy, cache)
                return dx, {"w": dw} if db is None else {"w": dw, "b": db}
            case MaxPool():
                return loops.max_pool_backward(dy, cache), {}
            case AvgPool():
                return loops.avg_pool_backward(dy, cache), {}
        return layer.backward(dy, cache)
