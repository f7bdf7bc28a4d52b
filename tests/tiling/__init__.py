"""Tiles, threads, BLAS and memory: how the fast path runs."""
