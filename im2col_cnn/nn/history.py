"""Remember how a training went, step by step, and draw it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["History", "Progress"]


class Progress(NamedTuple):
    """
    How training stands after one step.

    `loss` and `accuracy` are means over the images this epoch has seen so far, each
    judged by the network as it was just before it learned from them; `batch_loss` is
    the mean over the images of this step alone. After the last step of an epoch, the
    images that were held out are judged too, if there are any.
    """

    epoch: int
    step: int
    steps: int
    batch_loss: float
    loss: float
    accuracy: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None


@dataclass
class History:
    """Every step of a training, and whether it was asked to end early."""

    steps: list[Progress] = field(default_factory=list)
    stopped: bool = False

    @property
    def epochs(self) -> list[Progress]:
        """The last step of every epoch that came to its end."""
        return [progress for progress in self.steps if progress.step == progress.steps]

    @property
    def best(self) -> Progress | None:
        """The end of the first epoch with the least validation loss, if any has."""
        judged = [at for at in self.epochs if at.validation_loss is not None]
        return min(judged, key=lambda at: at.validation_loss or 0.0, default=None)

    @property
    def epochs_since_best(self) -> int:
        """How many epochs ago that was; 0 if nothing was held out."""
        return 0 if self.best is None else self.epochs[-1].epoch - self.best.epoch

    def plot(self) -> "Figure":
        """
        Draw the loss of every step and epoch, and the accuracy of every epoch.

        Returns
        -------
        matplotlib.figure.Figure
            Which a notebook shows, and ``savefig`` writes. matplotlib comes with the
            extra ``viz``.
        """
        # It takes a moment to load, and only who draws should pay for that.
        from matplotlib.figure import Figure  # noqa: PLC0415  # see above

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
        judged = [
            (at.epoch, at.validation_loss, 100 * (at.validation_accuracy or 0.0))
            for at in self.epochs
            if at.validation_loss is not None
        ]
        if judged:
            held_out, loss, accuracy = zip(*judged, strict=True)
            losses.plot(held_out, loss, "C2.--", label="held out")
            accuracies.plot(held_out, accuracy, "C2.--", label="held out")
        # A single class leaves nothing to lose, and 0 has no place on a log scale.
        scale = "log" if max(each, default=0) > 0 else "linear"
        losses.set(title="loss of each step and epoch", xlabel="epoch", yscale=scale)
        accuracies.set(title="accuracy in %", xlabel="epoch")
        for axes in losses, accuracies:
            axes.grid(alpha=0.3)
            axes.legend()
        return figure
