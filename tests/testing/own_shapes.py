"""Layers and functions of our own in shapes that no course prescribes."""

__all__ = ["POOLS", "SHAPES"]

SHAPES = {
    "of one input shape, the step taken inside": """
class Convolutional:
    def __init__(self, input_shape, kernel_size, n_kernels, activation=None):
        C, H, W = input_shape
        self.kernels = np.zeros((n_kernels, C, kernel_size, kernel_size))
        self.biases = np.zeros(n_kernels)

    def forward(self, inputs, training=True):
        self.inputs = inputs
        return convolve(inputs, self.kernels, self.biases)

    def backward(self, output_gradient, learning_rate):
        dx, dw, db = convolve_back(output_gradient, self.inputs, self.kernels)
        self.kernels -= learning_rate * dw
        self.biases -= learning_rate * db
        return dx
""",
    "with gradients in a list, and kernels held twice": """
class Convolution2D:
    def __init__(self, num_filters, kernel_size, input_channels, stride=1, padding=0):
        kh, kw = kernel_size
        self.kernels = np.zeros((num_filters, kh, kw, input_channels))
        self.biases = np.zeros((1, 1, 1, num_filters))
        self.params, self.s, self.p = [self.kernels, self.biases], stride, padding

    def forward(self, input_data):
        self.x = first(input_data)
        w, b = self.params
        return last(convolve(self.x, first(w), b, self.s, self.s, self.p, self.p))

    def backward(self, output_gradient):
        settings = self.s, self.s, self.p, self.p
        dy = first(output_gradient)
        dx, dw, db = convolve_back(dy, self.x, first(self.kernels), *settings)
        return last(dx), [last(dw), db.reshape(1, 1, 1, -1)]
""",
    "with parameters of a class": """
class Tensor:
    def __init__(self, data):
        self.data, self.grad = data, None


class ConvLayer:
    def __init__(self, c_in, c_out, k, activation="relu"):
        self.W, self.b = Tensor(np.zeros((c_out, c_in, k, k))), Tensor(np.zeros(c_out))
        self.activation = activation

    def forward(self, X):
        self.X = X
        y = convolve(X, self.W.data, self.b.data)
        return np.maximum(y, 0) if self.activation == "relu" else y

    def backward(self, dout):
        dx, self.W.grad, self.b.grad = convolve_back(dout, self.X, self.W.data)
        return dx
""",
    "with kernels made for the first image": """
class Conv2D:
    def __init__(self, filters, kernel_size):
        self.filters, self.size, self.kernel = filters, kernel_size, None

    def forward(self, x):
        if self.kernel is None:
            shape = self.filters, x.shape[1], self.size, self.size
            self.kernel, self.offset = np.zeros(shape), np.zeros((self.filters, 1))
        self.x = x
        return convolve(x, self.kernel, self.offset)

    def backward(self, dout):
        dx, self.d_kernel, db = convolve_back(dout, self.x, self.kernel)
        self.d_offset = db.reshape(-1, 1)
        return dx
""",
    "of one image without channels": """
class Conv:
    def __init__(self, kernel_size, num_kernels, stride=1, padding=0):
        self.kernels = np.zeros((num_kernels, kernel_size, kernel_size))
        self.s, self.p = stride, padding

    def forward_prop(self, image):
        self.image, zeros = image[None, None], np.zeros(len(self.kernels))
        settings = self.s, self.s, self.p, self.p
        return convolve(self.image, self.kernels[:, None], zeros, *settings)[0]

    def back_prop(self, dL, return_grads=False):
        settings = self.s, self.s, self.p, self.p
        found = convolve_back(dL[None], self.image, self.kernels[:, None], *settings)
        self.dk = found[1][:, 0]
        return found[0][0, 0] if return_grads else None
""",
    "that ends with a ReLU": """
class ConvolutionLayer:
    def __init__(self, in_channels, out_channels, kernel_size):
        self.w = np.zeros((out_channels, in_channels, kernel_size, kernel_size))
        self.b = np.zeros(out_channels)

    def forward(self, x):
        self.x = x
        self.y = np.maximum(convolve(x, self.w, self.b), 0)
        return self.y

    def backward(self, dout):
        return convolve_back(dout * (self.y > 0), self.x, self.w)
""",
    "of settings in a dict": """
class ConvLayer:
    def __init__(self, in_channels, hparameters):
        F, f = hparameters["num_filters"], hparameters["f"]
        self.s, self.p = hparameters["stride"], hparameters["pad"]
        self.weights, self.bias = np.zeros((F, in_channels, f, f)), np.zeros(F)

    def forward(self, x):
        self.x = x
        return convolve(x, self.weights, self.bias, self.s, self.s, self.p, self.p)

    def backward(self, dout):
        settings = self.s, self.s, self.p, self.p
        dx, dw, db = convolve_back(dout, self.x, self.weights, *settings)
        self.grads = {"dW": dw, "db": db}
        return dx
""",
    "that leaves its output, under names of its own": """
class Convolutional:
    def __init__(self, input_shape, s_filters, nb_filters):
        C = input_shape[1]
        self.dkernels = np.zeros((nb_filters, C, s_filters, s_filters))
        self.kernels = np.random.randn(*self.dkernels.shape)
        self.biases = np.random.randn(nb_filters)

    def forward(self, inputs, training):
        self.inputs = inputs
        self.output = convolve(inputs, self.kernels, self.biases)

    def backward(self, dvalues):
        found = convolve_back(dvalues, self.inputs, self.kernels)
        self.dinputs, self.dkernels, self.dbiases = found
""",
    "with kernels that forward is handed": """
class ConvLayer:
    def __init__(self, stride=1, pad=0):
        self.settings = stride, stride, pad, pad

    def forward(self, x, W, b):
        self.x, self.W = x, W
        return convolve(x, W, b, *self.settings)

    def backward(self, dout):
        return convolve_back(dout, self.x, self.W, *self.settings)
""",
    "that is called itself": """
class Conv2d:
    def __init__(self, in_channels, out_channels, kernel_size):
        self.weights = np.ones((out_channels, in_channels, kernel_size, kernel_size))
        self.bias = np.zeros(out_channels)

    def __call__(self, images):
        self.images = images
        return convolve(images, self.weights, self.bias)

    def backward(self, dy):
        dx, self.dweights, self.dbias = convolve_back(dy, self.images, self.weights)
        return dx
""",
    "with kernels made by a second call": """
class Conv2D:
    def __init__(self, out_channels, field, stride=1, pad=0):
        self.F, self.field = out_channels, field
        self.settings = stride, stride, pad, pad

    def init_params(self, in_shape):
        shape = self.F, in_shape[1], *self.field
        self.params = {"W": np.zeros(shape), "b": np.zeros((self.F, 1))}
        self.grads = {}

    def forward(self, X, predict=False):
        self.cache = None if predict else X
        return convolve(X, self.params["W"], self.params["b"], *self.settings)

    def backward(self, dout):
        found = convolve_back(dout, self.cache, self.params["W"], *self.settings)
        dX, self.grads["dW"], db = found
        self.grads["db"] = db.reshape(-1, 1)
        return dX
""",
    "whose step an optimizer takes": """
class Conv2D:
    def __init__(self, n_filters, filter_shape, input_shape=None, padding="same"):
        self.shape = n_filters, input_shape[0], *filter_shape
        self.p = filter_shape[0] // 2 if padding == "same" else 0

    def initialize(self, optimizer):
        self.W, self.w0 = np.zeros(self.shape), np.zeros((self.shape[0], 1))
        self.W_opt, self.w0_opt = optimizer, optimizer

    def forward_pass(self, X, training=True):
        self.X = X
        return convolve(X, self.W, self.w0, 1, 1, self.p, self.p)

    def backward_pass(self, accum_grad):
        found = convolve_back(accum_grad, self.X, self.W, 1, 1, self.p, self.p)
        self.W = self.W_opt.update(self.W, found[1])
        self.w0 = self.w0_opt.update(self.w0, found[2].reshape(-1, 1))
        return found[0]
""",
    "that keeps its images if it is told to, and is handed labels": """
class Conv:
    def __init__(self, in_feats, out_feats, kernel_size):
        self.W = np.zeros((out_feats, in_feats, kernel_size, kernel_size))
        self.b, self.cache = np.zeros(out_feats), {}

    def forward(self, X, save_cache=False):
        if save_cache:
            self.cache["X"] = X
        return convolve(X, self.W, self.b)

    def backward(self, dout, labels):
        dx, self.dW, self.db = convolve_back(dout, self.cache["X"], self.W)
        return dx
""",
    "as functions in which K is the kernels": """
def conv_for(I, K, B, stride=1):
    return convolve(I, K, B, stride, stride)


def conv_back(delta, I, K, stride=1):
    return convolve_back(delta, I, K, stride, stride)
""",
    "as functions over one image, gradients in another order": """
def conv_forward(x, filters, bias):
    return last(convolve(first(x[None]), first(filters), bias))[0]


def conv_backward(d_out, x, filters):
    dy = first(d_out[None])
    dx, dw, db = convolve_back(dy, first(x[None]), first(filters))
    return last(dw), db, last(dx)[0]
""",
    "as functions that keep the size": """
def conv_forward(x, w, b):
    p = (w.shape[2] - 1) // 2
    return convolve(x, w, b, 1, 1, p, p), (x, w, p)


def conv_backward(dout, cache):
    x, w, p = cache
    return convolve_back(dout, x, w, 1, 1, p, p)
""",
}
POOLS = {
    "functions that keep positions": """
def max_pool_forward(x, f=2, s=2):
    return last(pool(first(x[None]), f, f, s, s))[0], (x, f, s)


def max_pool_backward(d_out, positions, input_shape):
    x, f, s = positions
    return last(pool_back(first(d_out[None]), first(x[None]), f, f, s, s))[0]
""",
    "functions that are told the shape of their output": """
def max_pool_forward(input, output_size, padding, kernel_size, stride):
    y = np.zeros((*input.shape[:2], *output_size))
    y[...] = pool(input, *kernel_size, *stride)
    return y


def max_pool_backward(input, grad_output, padding, kernel_size, stride):
    return pool_back(grad_output, input, *kernel_size, *stride)
""",
    "a class over windows side by side": """
class MaxPool2D:
    def __init__(self, pool_size):
        self.size = (*pool_size, *pool_size)

    def forward(self, x):
        self.x = first(x[None])
        return last(pool(self.x, *self.size))[0]

    def back_prop(self, d_output):
        return last(pool_back(first(d_output[None]), self.x, *self.size))[0]
""",
}
SHAPES.update(POOLS)
