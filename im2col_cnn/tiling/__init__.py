"""How the operations run: unfold a tile, multiply, fold; on all cores, in little room.

Read `tiles`, `unfold`, `products`, `gemm`, then `phases`, which makes gradients of
images of convolutions; the rest makes special cases faster.
"""
