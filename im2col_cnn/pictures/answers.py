"""Draw images with the classes a network names as it learns, and its accuracy."""

from collections.abc import Sequence

import numpy as np

from .._checks import as_array, as_int, as_items
from .._typing import Array
from .film import Point
from .svg import MARGIN, Canvas, box, element

__all__ = ["draw_answers"]

PIXEL = 7.0
GAP = 22.0
PER_ROW = 5
WIDTH, HEIGHT = 340.0, 120.0


def draw_answers(
    images: Array,
    labels: Array,
    answers: Array,
    *,
    seen: Sequence[int],
    right: Sequence[int],
    tested: int,
) -> str:
    """
    Draw some images with what is said of them, and a curve of right answers.

    Parameters
    ----------
    images : array, shape (n, H, W)
        Ink from 0 up.
    labels : array, shape (n,)
        What they are.
    answers : array, shape (len(seen), n)
        What the network says of each image, every time it is asked.
    seen : sequence of int
        How many images it had learned from by then.
    right : sequence of int
        How many of all `tested` images it knew by then.
    tested : int
        Images that it has not learned from.

    Returns
    -------
    str
        An animated SVG, a frame per asking. A wrong answer is struck out.
    """
    images, labels = as_array(images, "images"), as_array(labels, "labels")
    answers = as_array(answers, "answers")
    seen, right = as_items(seen, "seen"), as_items(right, "right")
    asked, n = len(seen), labels.size
    if images.ndim != 3 or answers.shape != (asked, n) or len(images) != n:
        raise ValueError(
            f"images must have shape (n, H, W), labels (n,) and answers (times, n), "
            f"got {images.shape}, {labels.shape} and {answers.shape}"
        )
    tested = as_int(tested, "tested", at_least=1)
    _, H, W = images.shape
    canvas = Canvas(
        "A network learns to read digits",
        [
            "under each digit: what the network says of it;",
            "what is wrong is struck out",
        ],
        frames=asked,
    )
    top = canvas.top + 8
    for index in range(n):
        row, column = divmod(index, PER_ROW)
        at = Point(MARGIN + column * (W * PIXEL + GAP), top + row * (H * PIXEL + 40))
        canvas.put(
            draw_ink(images[index], at, images.max()),
            until=Point(at.x + W * PIXEL, at.y + H * PIXEL + 26),
        )
        for time, said in enumerate(answers[:, index]):
            canvas.put(
                answer(
                    str(said),
                    Point(at.x + W * PIXEL / 2, at.y + H * PIXEL + 20),
                    canvas.film.during(time, None if time == asked - 1 else time + 1),
                    right=bool(said == labels[index]),
                )
            )
    draw_accuracy(canvas, seen, right, tested=tested, top=canvas.bottom + 36)
    last = (answers[-1] == labels).sum()
    return canvas.write(
        f"{n} handwritten digits and what a network says of them, asked {asked} times "
        f"while it learns; at the end {last} answers are right. A curve: of {tested} "
        f"digits that it has not learned from it knows {right[0]} untaught, and "
        f"{right[-1]} after {seen[-1]} examples."
    )


def draw_ink(image: Array, at: Point, most: float) -> str:
    """Write one image: a path for every shade, with a square for each of its pixels."""
    rows, columns = image.shape
    frame = box("zero", at, columns * PIXEL, rows * PIXEL)
    parts = []
    for ink in np.unique(image[image > 0]):
        squares = "".join(f"M{j} {i}h1v1h-1z" for i, j in np.argwhere(image == ink))
        parts.append(
            element(
                "path",
                style="fill:var(--ink)",
                fill_opacity=float(ink / most),
                data_ink=int(ink),
                d=squares,
            )
        )
    place = f"translate({at.x:g} {at.y:g}) scale({PIXEL:g})"  # one unit is one pixel
    return frame + element(
        "g", "".join(parts), data_image=f"{rows} {columns}", transform=place
    )


def answer(said: str, at: Point, when: str, *, right: bool) -> str:
    """Write an answer, struck through where it is wrong."""
    kind = "label" if right else "label hot-text"
    text = element("text", said, class_=f"{kind} middle", x=at.x, y=at.y)
    if not right:
        line = f"M{at.x - 9:g} {at.y - 5:g}h18"
        text += element("path", class_="frame", d=line)
    return element("g", text, class_=when, data_answer=said, data_right=int(right))


def draw_accuracy(
    canvas: Canvas,
    seen: Sequence[int],
    right: Sequence[int],
    *,
    tested: int,
    top: float,
) -> None:
    """Draw a dot every time, as high as the network's share of right answers."""
    left, bottom = MARGIN + 30, top + HEIGHT
    canvas.words(f"right, of {tested} new digits", Point(MARGIN, top - 14), "label")
    lines = "".join(
        f"M{left:g} {bottom - HEIGHT * level:g}h{WIDTH:g}" for level in (0, 0.5, 1)
    )
    canvas.put(
        element("path", class_="line", d=lines, stroke_opacity=0.4),
        until=Point(left + WIDTH, bottom),
    )
    for level in 0, tested // 2, tested:
        at = Point(left - 8, bottom - HEIGHT * level / tested + 4)
        canvas.words(str(level), at, "small end")
    step = WIDTH / len(seen)
    for time, (examples, count) in enumerate(zip(seen, right, strict=True)):
        x, height = left + (time + 0.5) * step, HEIGHT * count / tested
        dot = element(
            "circle", class_="dot", cx=x, cy=bottom - height, r=4, data_count=count
        )
        above = {"x": x, "y": bottom - height - 9}
        dot += element("text", str(count), class_="small middle", **above)
        canvas.put(element("g", dot, class_=canvas.film.during(time)))
        canvas.words(str(examples), Point(x, bottom + 18), "small middle")
    middle = Point(left + WIDTH / 2, bottom + 36)
    canvas.words("after so many examples", middle, "small middle")
