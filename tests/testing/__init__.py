"""The gradient check, the museum of bugs and the grader."""
