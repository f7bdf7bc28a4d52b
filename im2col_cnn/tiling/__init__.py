"""How the operations run: unfold a tile, multiply, fold; on all cores, in little room.

Read `tiles`, then `unfold`, then `gemm`; the rest makes special cases faster.
"""
