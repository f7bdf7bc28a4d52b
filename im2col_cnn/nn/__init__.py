"""Networks: layers around the operations, and what it takes to train them.

Read `initializers` and `optimizers` first, which know arrays only; then `layer`, what
every layer promises, and `layers` and `pooling`, which wrap the operations; `network`,
a stack of layers; `models`, one ready-made stack; and `training`.
"""

from .evaluation import Evaluation, evaluate
from .initializers import glorot_normal, glorot_uniform, he_normal, he_uniform
from .layer import Layer
from .layers import Conv, Dense, Flatten, ReLU, Rescale
from .models import small_cnn
from .network import Sequential, SummaryRow
from .optimizers import SGD, Adam, Optimizer
from .pooling import AvgPool, MaxPool
from .training import History, Progress, fit

__all__ = [
    "SGD",
    "Adam",
    "AvgPool",
    "Conv",
    "Dense",
    "Evaluation",
    "Flatten",
    "History",
    "Layer",
    "MaxPool",
    "Optimizer",
    "Progress",
    "ReLU",
    "Rescale",
    "Sequential",
    "SummaryRow",
    "evaluate",
    "fit",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "small_cnn",
]
