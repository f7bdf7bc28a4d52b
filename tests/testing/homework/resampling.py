"""Down- and upsampling, beside the layers of a student of CMU 11-785."""

import numpy as np


class Downsample2d:
    def __init__(self, downsampling_factor):
        self.factor = downsampling_factor

    def forward(self, A):
        self.size = A.shape
        return A[:, :, :: self.factor, :: self.factor]

    def backward(self, dLdZ):
        dLdA = np.zeros(self.size)
        dLdA[:, :, :: self.factor, :: self.factor] = dLdZ
        return dLdA


print("this is only printed when the file is run")
raise SystemExit("and so is this")
