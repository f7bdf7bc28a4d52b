"""The history of a training: the progress after every step, and a plot of it."""

from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

from .progress import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["History"]


@dataclass(repr=False)
class History:
    """
    Every step of a training, and whether it was asked to end early.

    Examples
    --------
    >>> from im2col_cnn.nn import History, Progress
    >>> History([Progress(1, 1, 2, 0.9, 0.9, 0.5), Progress(1, 2, 2, 0.7, 0.8, 0.75)])
    <History: 1 epoch, loss 0.8000, accuracy 75.0 %>
    """

    steps: list[Progress] = field(default_factory=list)
    stopped: bool = False

    def __repr__(self) -> str:
        """Return how it ended in one line: a notebook shows what `fit` returned."""
        ends = self.epochs
        said = [f"{len(ends)} epoch{'s' * (len(ends) != 1)}"]
        if ends:
            last = ends[-1]
            said += [f"loss {last.loss:.4f}", f"accuracy {100 * last.accuracy:.1f} %"]
            if last.validation_accuracy is not None:
                said.append(f"held out {100 * last.validation_accuracy:.1f} %")
        said += ["stopped"] * self.stopped
        return f"<History: {', '.join(said)}>"

    @property
    def epochs(self) -> list[Progress]:
        """The last step of every epoch that came to its end."""
        return [progress for progress in self.steps if progress.step == progress.steps]

    @property
    def best(self) -> Progress | None:
        """The end of the first epoch with the least validation loss, if any has."""
        validated = [at for at in self.epochs if at.validation_loss is not None]
        return min(validated, key=lambda at: at.validation_loss or 0.0, default=None)

    @property
    def epochs_since_best(self) -> int:
        """Epochs since the lowest validation loss; 0 without validation."""
        return 0 if self.best is None else self.epochs[-1].epoch - self.best.epoch

    def plot(self) -> "Figure":
        """
        Draw the loss of every step and epoch, and the accuracy of every epoch.

        Returns
        -------
        matplotlib.figure.Figure
            Which a notebook shows, and ``savefig`` writes. matplotlib comes with the
            extra ``viz``.

        Raises
        ------
        ModuleNotFoundError
            If it is not there.
        """
        try:
            # Only here: it takes a moment to load.
            from matplotlib.figure import Figure  # noqa: PLC0415  # see above
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "plot needs matplotlib: python -m pip install 'im2col-cnn[viz]'"
            ) from error

        figure = Figure(figsize=(9, 3.5), layout="constrained")
        losses, accuracies = figure.subplots(1, 2)
        when = [at.epoch - 1 + at.step / at.steps for at in self.steps]
        ends = [at.epoch for at in self.epochs]
        each = [at.batch_loss for at in self.steps]
        losses.plot(when, each, "C0", alpha=0.3)
        losses.plot(ends, [at.loss for at in self.epochs], "C0.-", label="learning")
        accuracies.plot(
            ends, [100 * at.accuracy for at in self.epochs], "C0.-", label="learning"
        )
        validated = [
            (at.epoch, at.validation_loss, 100 * (at.validation_accuracy or 0.0))
            for at in self.epochs
            if at.validation_loss is not None
        ]
        if validated:
            held_out, loss, accuracy = zip(*validated, strict=True)
            losses.plot(held_out, loss, "C2.--", label="held out")
            accuracies.plot(held_out, accuracy, "C2.--", label="held out")
        # A single class leaves nothing to lose, and 0 has no place on a log scale.
        scale = "log" if max(each, default=0) > 0 else "linear"
        losses.set(title="loss of each step and epoch", xlabel="epoch", yscale=scale)
        accuracies.set(title="accuracy in %", xlabel="epoch")
        for axes in losses, accuracies:
            axes.grid(alpha=0.3)
            axes.legend()
        # Jupyter asks for this; by itself it draws only what pyplot has made.
        figure._repr_png_ = partial(as_png, figure)  # type: ignore[attr-defined]
        return figure


def as_png(figure: "Figure") -> bytes:
    """Return a figure as the bytes of a PNG file."""
    content = BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
