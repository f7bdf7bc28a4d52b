"""Networks: layers around the operations, and what it takes to train them.

Read `initializers` and `optimizers` first, which know arrays only; then `layer`, what
every layer promises, and `layers` and `pooling`, which wrap the operations; `network`,
a stack of layers; `models`, one ready-made stack; and `training`.
"""

from .activations import LeakyReLU, ReLU, Sigmoid, Tanh
from .evaluation import Evaluation, evaluate
from .global_pooling import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    GlobalAvgPool,
    GlobalMaxPool,
)
from .initializers import glorot_normal, glorot_uniform, he_normal, he_uniform
from .layer import Layer
from .layers import Conv, ConvTranspose, Dense
from .models import small_cnn
from .network import Sequential, SummaryRow
from .optimizers import SGD, Adam, Optimizer
from .pooling import AvgPool, LpPool, MaxPool
from .regularization import BatchNorm, Dropout
from .shaping import Flatten, Rescale
from .training import History, Progress, fit

__all__ = [
    "SGD",
    "Adam",
    "AdaptiveAvgPool",
    "AdaptiveMaxPool",
    "AvgPool",
    "BatchNorm",
    "Conv",
    "ConvTranspose",
    "Dense",
    "Dropout",
    "Evaluation",
    "Flatten",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "History",
    "Layer",
    "LeakyReLU",
    "LpPool",
    "MaxPool",
    "Optimizer",
    "Progress",
    "ReLU",
    "Rescale",
    "Sequential",
    "Sigmoid",
    "SummaryRow",
    "Tanh",
    "evaluate",
    "fit",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "small_cnn",
]
