"""Agreement with PyTorch, JAX and onnxruntime."""
