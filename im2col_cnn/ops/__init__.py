"""The operations of a convolutional network, each with its backward."""
