"""Draw ratios as bars, as an SVG file."""

from io import BytesIO

__all__ = ["draw_bars"]


def draw_bars(ratios: dict[str, float], base: str) -> bytes:
    """Draw a bar per contestant: how many times as long as `base` it took."""
    # matplotlib is an extra, and takes a moment to load: only who draws pays for it.
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
