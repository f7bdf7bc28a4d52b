"""Draw how a training went, as an SVG file that is the same for the same training."""

from io import BytesIO

from ..nn.training import History

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
    from matplotlib.figure import Figure  # noqa: PLC0415  # see above

    content = BytesIO()
    with rc_context({"svg.hashsalt": "im2col_cnn"}):
        figure = Figure(figsize=(9, 3.5), layout="constrained")
        losses, accuracies = figure.subplots(1, 2)
        when = [at.epoch - 1 + at.step / at.steps for at in history.steps]
        ends = [at.epoch for at in history.epochs]
        each = [at.batch_loss for at in history.steps]
        losses.plot(when, each, "C0", alpha=0.3)
        losses.plot(ends, [at.loss for at in history.epochs], "C0.-")
        # A single class leaves nothing to lose, and 0 has no place on a log scale.
        scale = "log" if max(each) > 0 else "linear"
        losses.set(title="loss of each step and epoch", xlabel="epoch", yscale=scale)
        accuracies.plot(ends, [100 * at.accuracy for at in history.epochs], "C0.-")
        accuracies.axhline(100 * test_accuracy, color="C1", linestyle="--")
        accuracies.set(title="accuracy in %", xlabel="epoch")
        accuracies.legend(["while learning", "test images, at the end"])
        for axes in losses, accuracies:
            axes.grid(alpha=0.3)
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()
