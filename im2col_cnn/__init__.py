"""
Convolutional networks in NumPy: im2col, col2im and the gradients that follow.

Images are arrays (N, *SPATIAL, C), kernels (*KERNEL, C, F): channels last, one to three
spatial axes. Every operation is a pair of functions; the cache ties them together:

>>> import numpy as np
>>> from im2col_cnn import conv_backward, conv_forward
>>> x, w = np.ones((1, 5, 5, 1)), np.ones((3, 3, 1, 2))
>>> y, cache = conv_forward(x, w, stride=2)
>>> y.shape
(1, 2, 2, 2)
>>> dx, dw, db = conv_backward(np.ones_like(y), cache)

The same mathematics stands here three times: `im2col_cnn.loops` is the definition,
`im2col`, `col2im` write it as one matrix product, the functions of this module are
fast.

im2col_cnn.ops            caches, and what else annotations name
im2col_cnn.loops          the definitions, number by number
im2col_cnn.nn             layers, training, evaluation
im2col_cnn.files          datasets and weights in HDF5
im2col_cnn.testing        laws that a convolution obeys, and a grader for yours
im2col_cnn.pictures       drawings of all of it
im2col_cnn.step_by_step   the functions of the course's notebook
"""

from ._version import __version__ as __version__

TYPE_CHECKING = False  # for type checkers; to import `typing` takes a moment

if TYPE_CHECKING:
    from . import columns as columns
    from . import files as files
    from . import loops as loops
    from . import nn as nn
    from . import ops as ops
    from . import pictures as pictures
    from . import step_by_step as step_by_step
    from . import testing as testing
    from ._public import *  # noqa: F403  # all of it
    from ._public import __all__ as __all__
else:
    PACKAGES = {"columns", "files", "loops", "nn", "ops"}
    PACKAGES |= {"pictures", "step_by_step", "testing"}

    def __getattr__(name):
        """Import the public names as the first is asked for, a package as it is."""
        from importlib import import_module  # noqa: PLC0415  # the command starts at once

        if name in PACKAGES:
            try:
                return import_module(f"{__name__}.{name}")
            except ModuleNotFoundError as error:  # an extra: `hasattr` is False
                raise AttributeError(str(error)) from error
        public = import_module(f"{__name__}._public")
        globals().update((each, getattr(public, each)) for each in public.__all__)
        globals()["__all__"] = public.__all__
        if name not in globals():
            nn = f"{__name__}.nn"
            is_layer = name[0] != "_" and name in import_module(nn).__all__
            advice = f": write {nn}.{name}" if is_layer else ""
            raise AttributeError(
                f"module {__name__!r} has no attribute {name!r}{advice}"
            )
        return globals()[name]

    def __dir__():
        return sorted({*globals(), *PACKAGES, *__getattr__("__all__")})
