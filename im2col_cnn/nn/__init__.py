"""Networks: layers around the operations, and how they are trained.

Read `initializers` and `optimizers` first, which know arrays only; then `layer`, what
every layer promises, and the files that wrap the operations, `convolution`, `dense`,
`pooling` and their like; `network`, a chain of layers, and `graph`, any other way to
put them together; `gradients`, the loss of a batch and its derivatives; and `training`.
What other frameworks trained comes in by `keras_models`, `onnx_models`, and `pairing`,
which says whose weights are whose.
"""

from .activations import (
    Clip,
    HardSigmoid,
    HardSwish,
    LeakyReLU,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from .arithmetic import Equal, Log, Max, Mean, Min, Power, Sum
from .convolution import Conv, ConvTranspose
from .dense import Dense
from .dropout import Dropout
from .evaluation import Evaluation, evaluate
from .executors import Cluster, WorkerError
from .feature_map import feature_maps
from .formats.keras_models import from_keras
from .formats.keras_weights import load_keras_weights, save_keras_weights
from .formats.onnx_files import from_onnx, save_onnx
from .formats.torch_weights import load_torch_weights, save_torch_weights
from .gradients import loss_and_gradients
from .graph import Graph
from .hints import hint_at_layer as __getattr__  # noqa: F401  # Python asks it
from .history import History
from .initializers import glorot_normal, glorot_uniform, he_normal, he_uniform
from .layer import Layer
from .merging import Add, Concat, Fill, MatMul, MergeLayer, Multiply
from .models import small_cnn
from .network import Network, Sequential
from .normalization import BatchNorm, LocalResponseNorm
from .optimizers import SGD, Adam, Optimizer
from .pooling import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    LpPool,
    MaxPool,
)
from .preprocessing import Augmentation, Rescale
from .progress import Progress, ProgressLine
from .recurrent import LSTM, LSTMStates
from .reshaping import Flatten, Reshape, Transpose
from .resizing import Crop, Pad, Slice, Upsample
from .scale import Scale
from .schedules import cosine
from .summary import Summary, SummaryRow
from .training import fit

__all__ = [
    "LSTM",
    "SGD",
    "Adam",
    "AdaptiveAvgPool",
    "AdaptiveMaxPool",
    "Add",
    "Augmentation",
    "AvgPool",
    "BatchNorm",
    "Clip",
    "Cluster",
    "Concat",
    "Conv",
    "ConvTranspose",
    "Crop",
    "Dense",
    "Dropout",
    "Equal",
    "Evaluation",
    "Fill",
    "Flatten",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "Graph",
    "HardSigmoid",
    "HardSwish",
    "History",
    "LSTMStates",
    "Layer",
    "LeakyReLU",
    "LocalResponseNorm",
    "Log",
    "LpPool",
    "MatMul",
    "Max",
    "MaxPool",
    "Mean",
    "MergeLayer",
    "Min",
    "Multiply",
    "Network",
    "Optimizer",
    "PReLU",
    "Pad",
    "Power",
    "Progress",
    "ProgressLine",
    "ReLU",
    "ReLU6",
    "Rescale",
    "Reshape",
    "Scale",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Slice",
    "Softmax",
    "Sum",
    "Summary",
    "SummaryRow",
    "Tanh",
    "Transpose",
    "Upsample",
    "WorkerError",
    "cosine",
    "evaluate",
    "feature_maps",
    "fit",
    "from_keras",
    "from_onnx",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "load_keras_weights",
    "load_torch_weights",
    "loss_and_gradients",
    "save_keras_weights",
    "save_onnx",
    "save_torch_weights",
    "small_cnn",
]
