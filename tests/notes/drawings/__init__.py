"""Drawings of the notes: what only a page shows, beside `im2col_cnn.pictures`."""
