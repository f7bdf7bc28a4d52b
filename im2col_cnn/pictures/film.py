"""Time what happens in a picture: a loop of frames, written as CSS keyframes.

An element takes part by its class. Where the reader asked for reduced motion, or the
address ends with ``#still``, the film does not run and the picture is a still:
everything has arrived, every counter shows its last count, and what glides stands
where it starts.
"""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["FLIGHT", "Film", "Point", "journey"]

FLIGHT = 0.6  # of a frame: then things have arrived, and stay for the rest of it
REST = 2.0  # frames at the end, at least, to look at the result
AWAY = "transform:translate(var(--x),var(--y))"


class Point(NamedTuple):
    """A place on the canvas, in pixels from its upper left corner."""

    x: float
    y: float


class Film:
    """
    A loop that begins again after a rest as long as itself.

    So what has arrived stands there for at least half of the time.

    Parameters
    ----------
    frames : int
        Steps to show before the rest.
    seconds : float
        How long each takes.
    """

    def __init__(self, frames: int, seconds: float = 1.2) -> None:
        self.length = frames + max(frames, REST)
        self.seconds = round(self.length * seconds, 2)
        self.stills: dict[str, str] = {}
        self.keyframes: dict[str, str] = {}
        self.timing: dict[str, str] = {}

    def during(
        self, start: float, stop: float | None = None, *, still: bool | None = None
    ) -> str:
        """
        Show an element from frame `start` on, and before `stop` if there is one.

        A still shows it if it is there at the end, unless `still` says otherwise.
        """
        still = stop is None if still is None else still
        name = f"d{start:g}" + ("" if stop is None else f"-{stop:g}")
        name = name.replace(".", "_") + ("s" if still else "")
        moments = [f"{self.when(start)}{{visibility:visible}}"]
        if start > 0:
            moments.insert(0, "0%{visibility:hidden}")
        if stop is not None:
            moments.append(f"{self.when(stop)}{{visibility:hidden}}")
        if not still:
            self.stills[name] = "visibility:hidden"
        return self.add(name, "".join(moments), "step-end")

    def gliding(self, stops: Sequence[Point]) -> str:
        """Move an element from its first stop on, one stop per frame."""
        name = f"g{len(self.keyframes)}"
        moments = []
        for frame, stop in enumerate(stops):
            shift = f"translate({stop.x - stops[0].x:g}px,{stop.y - stops[0].y:g}px)"
            until = "100%" if frame == len(stops) - 1 else self.when(frame + FLIGHT)
            moments.append(f"{self.when(frame)},{until}{{transform:{shift}}}")
        return self.add(name, "".join(moments), "ease-in-out")

    def landing(self, start: float, stop: float | None = None) -> str:
        """
        Let an element fly in during frame `start`, from where `journey` says.

        It stays, or makes room at frame `stop`; then a still does not show it.
        """
        until = "100%" if stop is None else self.when(stop)
        moments = (
            f"0%,{self.when(start)}{{opacity:0;{AWAY}}}"
            f"{self.when(start + 0.01)}{{opacity:1;{AWAY}}}"
            f"{self.when(start + FLIGHT)},{until}{{opacity:1;transform:none}}"
        )
        name = f"l{start:g}".replace(".", "_")
        if stop is not None:
            name += f"-{stop:g}".replace(".", "_")
            moments += f"{self.when(stop + 0.01)},100%{{opacity:0;transform:none}}"
            self.stills[name] = "opacity:0"
        return self.add(name, moments, "ease-in-out")

    def leaving(self, start: float) -> str:
        """Let an element fly off during frame `start`, to where `journey` says."""
        moments = (
            f"0%,{self.when(start)}{{opacity:0;transform:none}}"
            f"{self.when(start + 0.01)}{{opacity:1;transform:none}}"
            f"{self.when(start + FLIGHT)}{{opacity:1;{AWAY}}}"
            f"{self.when(start + FLIGHT + 0.01)},100%{{opacity:0;{AWAY}}}"
        )
        self.stills[f"f{start:g}"] = "opacity:0"
        return self.add(f"f{start:g}", moments, "ease-in-out")

    def add(self, name: str, moments: str, timing: str) -> str:
        """Keep the keyframes of a class, once."""
        self.keyframes[name] = moments
        self.timing[name] = timing
        return name

    def when(self, frame: float) -> str:
        """Write a moment as the share of the film that is over by then."""
        return f"{round(100 * frame / self.length, 2):g}%"

    def motion(self) -> str:
        """Return the style sheet of the film; an empty one if nothing moves."""
        if not self.keyframes:
            return ""
        stills = [f".{name}{{{still}}}\n" for name, still in self.stills.items()]
        moving = [
            f"svg:not(:target) .{name}{{animation:{name} {self.seconds:g}s "
            f"{self.timing[name]} infinite}}@keyframes {name}{{{moments}}}\n"
            for name, moments in self.keyframes.items()
        ]
        allowed = "@media (prefers-reduced-motion:no-preference){\n"
        return "".join(stills) + allowed + "".join(moving) + "}\n"


def journey(start: Point, stop: Point) -> str:
    """Return the style of an element that stands at `start` and is away at `stop`."""
    return f"--x:{stop.x - start.x:g}px;--y:{stop.y - start.y:g}px"
