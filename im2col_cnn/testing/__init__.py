"""Property-based tests of convolution and pooling, for this package and for yours."""
