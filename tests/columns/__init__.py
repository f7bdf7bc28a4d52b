"""im2col, col2im and views."""
