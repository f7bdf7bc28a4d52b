"""Networks of other frameworks: in from Keras, PyTorch and ONNX, and out to them."""
