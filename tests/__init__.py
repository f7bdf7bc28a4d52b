"""The promises of im2col_cnn, written as laws and run on what Hypothesis draws."""
