"""Look inside a network: what one of its layers makes of an image."""

from typing import Any

import numpy as np

from .._checks import as_array, quoted, require_kind
from .._typing import Array
from .network import Network

__all__ = ["feature_maps"]


def feature_maps(network: Network, image: Any, layer: str) -> Array:
    """
    Return what a layer makes of one image: a map per channel.

    Parameters
    ----------
    network : Sequential or Graph
        Built.
    image : array, shape (*SPATIAL, C)
        For several inputs, a dict by name.
    layer : str
        Its name.

    Returns
    -------
    array, shape (*OUT, F)
        In the dtype of the network. Of a layer of vectors, shape (F,).

    Raises
    ------
    RuntimeError
        If the network is not built.
    ValueError
        If it has no such layer, or reads images of another shape.

    See Also
    --------
    im2col_cnn.pictures.draw_feature_maps : Draws them.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Conv, Sequential, feature_maps
    >>> rng = np.random.default_rng(0)
    >>> network = Sequential([Conv(4, 3)]).build((8, 8, 1), rng=rng)
    >>> feature_maps(network, np.zeros((8, 8, 1)), "conv1").shape
    (6, 6, 4)
    """
    if not isinstance(network, Network):
        raise TypeError(f"network must be a network, got {quoted(network)}")
    network.require_built()
    if require_kind(layer, "layer", str) not in network.layers:
        raise ValueError(
            f"layer must be a name that summary() lists, got {quoted(layer)}"
        )
    if len(network.inputs) > 1 and isinstance(image, dict):
        x: Any = {name: as_array(one, name)[np.newaxis] for name, one in image.items()}
    else:
        x = as_array(image, "image")[np.newaxis]
        network.require_images(x.shape, "image[np.newaxis]")
    y = network.run(network.as_images(x), [layer])[layer]
    return np.asarray(y[0])
