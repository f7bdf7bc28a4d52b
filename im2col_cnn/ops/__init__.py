"""The operations of a convolutional network, each with its backward.

Read `conv` first, then `max_pool`; how they run, tile by tile, is told in `tiling`.
"""
