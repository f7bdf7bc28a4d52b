"""Charts of ratios and of learning, drawn by matplotlib as SVG files."""

from io import BytesIO

from ..nn.history import History

__all__ = ["draw_bars", "draw_learning_curve"]


def draw_bars(ratios: dict[str, float], base: str) -> bytes:
    """Draw a bar per contestant: how many times as long as `base` it took."""
    # matplotlib is an extra, and takes a moment to load.
    from matplotlib import rc_context  # noqa: PLC0415  # see above
    from matplotlib.figure import Figure  # noqa: PLC0415  # see above

    content = BytesIO()
    with rc_context({"svg.hashsalt": "im2col_cnn"}):
        figure = Figure(figsize=(7, 1 + 0.4 * len(ratios)), layout="constrained")
        axes = figure.subplots()
        names = sorted(ratios, key=lambda name: ratios[name])
        bars = axes.barh(names, [ratios[name] for name in names], log=True)
        axes.bar_label(bars, [f" {ratios[name]:.2f}" for name in names])
        axes.axvline(1, color="black", linewidth=1)
        axes.set(xlabel=f"time of a step / that of {base}")
        axes.invert_yaxis()
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def draw_learning_curve(history: History, test_accuracy: float) -> bytes:
    """Draw the loss of every step and epoch, and the accuracy of every epoch.

    `test_accuracy` is a line across. The SVG file holds no time of day, and has the
    same names for its parts every time.
    """
    # matplotlib is an extra, and takes a moment to load.
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
