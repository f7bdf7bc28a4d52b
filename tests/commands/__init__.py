"""The command im2col-cnn, run as a user runs it."""
