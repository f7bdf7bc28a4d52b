"""Report how well a network does on labelled images."""

from rich.console import Console

from ..nn.evaluation import Evaluation
from .screen import percent, say, show_table

__all__ = ["show_evaluation"]


def show_evaluation(
    screen: Console, evaluation: Evaluation, classes: tuple[str, ...]
) -> None:
    """Show what part of the test images was recognised, class by class."""
    shares, counts = evaluation.accuracy_per_class, evaluation.images_per_class
    show_table(
        screen,
        ("class", "test accuracy", "images"),
        [
            (name, percent(share) if count else "-", f"{count}")
            for name, share, count in zip(classes, shares, counts, strict=True)
        ],
    )
    say(
        screen,
        f"test accuracy {percent(evaluation.accuracy).strip()}, "
        f"{evaluation.correct} of {evaluation.images} images",
        style="bold",
    )
