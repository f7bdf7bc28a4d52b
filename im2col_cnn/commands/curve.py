"""Draw how a training went, as an SVG file that is the same for the same training."""

from io import BytesIO

from ..nn.history import History

__all__ = ["draw_curve"]


def draw_curve(history: History, test_accuracy: float) -> bytes:
    """
    Draw the loss of every step and epoch, and the accuracy of every epoch.

    Parameters
    ----------
    history : History
        What `fit` returned.
    test_accuracy : float
        Drawn as a line across.

    Returns
    -------
    bytes
        An SVG file, without the time of day and with the same names for its parts every
        time.
    """
    # matplotlib is an extra, and takes a moment to load: only who draws pays for it.
    from matplotlib import rc_context  # noqa: PLC0415  # see above

    content = BytesIO()
    with rc_context({"svg.hashsalt": "im2col_cnn"}):
        figure = history.plot()
        _, accuracies = figure.axes
        accuracies.axhline(
            100 * test_accuracy, color="C1", linestyle="--", label="test, at the end"
        )
        accuracies.legend()
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()
