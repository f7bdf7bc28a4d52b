"""Tables of an evaluation: accuracy per class, and the confusion matrix."""

import numpy as np
from rich.console import Console

from .._typing import Array
from ..nn.evaluation import Evaluation
from ..nn.progress import percent
from ..pictures.film import Point
from ..pictures.grids import CELL, draw_array
from ..pictures.svg import LETTER, MARGIN, Canvas
from .terminal import say, show_table

__all__ = [
    "draw_confusion",
    "require_drawable_classes",
    "show_confusion",
    "show_evaluation",
]

MAX_TABLE_CLASSES = 16
MAX_DRAWN_CLASSES = 60


def show_evaluation(
    screen: Console, evaluation: Evaluation, classes: tuple[str, ...]
) -> None:
    """Print the accuracy of every class, and of all test images."""
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


def show_confusion(screen: Console, confusion: Array, classes: tuple[str, ...]) -> None:
    """Print the confusion matrix if it is small, and the commonest mistakes."""
    if len(classes) <= MAX_TABLE_CLASSES:
        show_table(
            screen,
            ("is \\ taken for", *classes),
            [
                (name, *(str(n) if n else "." for n in row))
                for name, row in zip(classes, confusion, strict=True)
            ],
        )
    mistakes = confusion * ~np.eye(len(classes), dtype=bool)
    order = np.argsort(-mistakes.ravel(), kind="stable")[:5]
    for truth, answer in zip(*np.unravel_index(order, mistakes.shape), strict=True):
        if count := mistakes[truth, answer]:
            say(screen, f"{classes[truth]} taken for {classes[answer]}: {count}")


def require_drawable_classes(classes: tuple[str, ...]) -> None:
    """Refuse to draw more classes than a picture has room for."""
    if len(classes) > MAX_DRAWN_CLASSES:
        raise ValueError(
            f"--confusion: a picture has room for {MAX_DRAWN_CLASSES} classes, got "
            f"{len(classes)}; without it, the commonest mistakes are listed"
        )


def draw_confusion(confusion: Array, classes: tuple[str, ...]) -> bytes:
    """Return the confusion matrix as an SVG file, one row per true class."""
    K = len(classes)
    right = int(confusion.trace())
    canvas = Canvas(
        "Who was taken for whom",
        ["rows: what an image is, columns: what it was taken for"],
    )
    left = MARGIN + LETTER["note"] * max(map(len, classes)) + 12
    top = canvas.top + LETTER["note"] * max(map(len, classes)) + 12
    kinds = np.where(confusion == 0, "zero", "kernel").astype(object)
    kinds[np.eye(K, dtype=bool)] = "output"
    grid = draw_array(canvas, confusion, "confusion", Point(left, top), kinds, title="")
    for k, name in enumerate(classes):
        row = grid.corner(k, 0)
        canvas.words(name, Point(row.x - 8, row.y + CELL / 2 + 4), "note end")
        x, y = grid.corner(0, k).x + CELL / 2 + 4, grid.top - 8
        turn = f"rotate(-90 {x:g} {y:g})"
        canvas.words(name, Point(x, y), "note", transform=turn)
    description = f"{right} of {int(confusion.sum())} images were recognised."
    return canvas.write(description).encode()
