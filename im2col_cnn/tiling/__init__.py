"""How the operations run: tile by tile in cache, on all cores, in constant memory.

Read `tiles`, then `patches`, then `bilinear`; the rest makes special cases faster.
"""
