"""Data sets, photos and weights, also those of strangers."""
