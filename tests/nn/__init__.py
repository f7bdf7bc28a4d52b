"""Layers, optimizers and training."""
