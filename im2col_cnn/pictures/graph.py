"""Draw a network as boxes and wires: what each layer reads, and what it makes of it."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, NamedTuple, Protocol

from .._checks import by, quoted
from .._typing import Shape
from .film import Point
from .svg import LETTER, MARGIN, Canvas, box, element

__all__ = ["draw_graph"]

ROW = 72.0  # from one box to the next
BOX = 50.0  # a box is so high
LANE = 16.0  # from one wire beside the boxes to the next
BEND = 7.0  # radius of a corner
MAX_LETTERS = 60  # of the settings of a layer


class Network(Protocol):
    """A built network, `Sequential` or `Graph`: its layers and what each reads."""

    layers: dict[str, Any]
    reads: dict[str, tuple[str, ...]]
    outputs: tuple[str, ...]
    shapes: dict[str, Shape]
    input_shapes: dict[str, Shape]

    def require_built(self) -> None:
        """Refuse a network without shapes."""


class Wire(NamedTuple):
    """A wire beside the boxes: from a row to all those that read it further down."""

    source: int
    readers: tuple[int, ...]
    lane: int


def draw_graph(network: Network) -> str:
    """
    Draw the layers of a network, one under the other, and the wires between them.

    Parameters
    ----------
    network : Sequential or Graph
        Built.

    Returns
    -------
    str
        An SVG that does not move: inputs above, a box per layer with its settings and
        the shape of one output. What a layer reads comes from the box above, or by a
        wire at the side.

    Raises
    ------
    TypeError, RuntimeError
        If `network` is none, or not built.
    """
    if isinstance(network, type) or not hasattr(network, "require_built"):
        raise TypeError(f"network must be a Sequential or Graph, got {quoted(network)}")
    network.require_built()
    names = [*network.input_shapes, *network.layers]
    shapes = network.input_shapes | network.shapes
    canvas = Canvas(
        f"A network of {len(network.layers)} layers",
        ["from top to bottom; after each layer, the shape of one output"],
    )
    words = {k: f"{layer!r:.{MAX_LETTERS}}" for k, layer in network.layers.items()}
    # A name and the shape of an output stand above what makes it.
    first = max(map(len, names)) * LETTER["label"] + 28
    second = max(len(by(shape)) for shape in shapes.values()) * LETTER["note"] + 12
    third = max(map(len, words.values())) * LETTER["note"] + 24
    width = max(first + second, third)
    top = canvas.top
    for row, name in enumerate(names):
        at = Point(MARGIN, top + row * ROW)
        group = box(kind_of(network, name), at, width, BOX, rx=6)
        for kind, x, y, said in (
            ("label", 12.0, 20.0, name),
            ("note end", width - 12, 20.0, by(shapes[name])),
            ("note", 12.0, 40.0, words.get(name, "")),
        ):
            place = {"x": at.x + x, "y": at.y + y}
            group += element("text", escape(said), class_=kind, **place)
        reads = " ".join(network.reads.get(name, ()))
        canvas.put(
            element("g", group, data_node=name, data_reads=reads),
            until=Point(at.x + width, at.y + BOX),
        )
        if row and names[row - 1] in network.reads.get(name, ()):
            draw_arrow(canvas, f"M{at.x + 40:g} {at.y - ROW + BOX:g}v{ROW - BOX:g}")
    for wire in wires(names, network.reads):
        draw_wire(canvas, wire, MARGIN + width, top)
    ends = ", ".join(f"{name} gives {by(shapes[name])}" for name in network.outputs)
    beside = sum(len(wire.readers) for wire in wires(names, network.reads))
    return canvas.write(
        f"{len(network.layers)} layers of a network, one under the other. {beside} of "
        f"their inputs come from further up, past those between. At the end {ends}."
    )


def kind_of(network: Network, name: str) -> str:
    """Return how a box looks: an input, an output, a layer that learns, or another."""
    if name not in network.layers:
        return "image"
    if name in network.outputs:
        return "output"
    return "kernel" if network.layers[name].parameters else "plain"


def wires(names: list[str], reads: Mapping[str, tuple[str, ...]]) -> Iterator[Wire]:
    """Give every box a lane from which readers further down take its output."""
    beside: dict[str, list[int]] = {name: [] for name in names}
    for row, name in enumerate(names):
        for read in dict.fromkeys(reads.get(name, ())):
            if read != names[row - 1]:  # the box above needs no lane
                beside[read].append(row)
    taken: list[int] = []  # by lane: the last row that a wire there reaches
    for source, readers in enumerate(beside.values()):
        if readers:
            free = [lane for lane, last in enumerate(taken) if last <= source]
            lane = free[0] if free else len(taken)
            taken[lane : lane + 1] = [readers[-1]]
            yield Wire(source, tuple(readers), lane)


def draw_wire(canvas: Canvas, wire: Wire, right: float, top: float) -> None:
    """Draw a wire out of the right side of a box and into those of its readers."""
    out = LANE * (wire.lane + 1.5)
    start = top + wire.source * ROW + BOX / 2 + 5
    for reader in wire.readers:
        end = top + reader * ROW + BOX / 2 - 5
        path = (
            f"M{right:g} {start:g}h{out - BEND:g}q{BEND:g} 0 {BEND:g} {BEND:g}"
            f"V{end - BEND:g}q0 {BEND:g} {-BEND:g} {BEND:g}H{right:g}"
        )
        draw_arrow(canvas, path)
        tip = f"M{right + 7:g} {end - 4:g}l-6 4l6 4"
        canvas.put(
            element("path", class_="line", d=tip), until=Point(right + out + 4, end)
        )


def draw_arrow(canvas: Canvas, path: str) -> None:
    """Draw a line; one that goes straight down has a tip."""
    if "v" in path:
        path += "m-4 -6l4 6l4 -6"
    canvas.put(element("path", class_="line", d=path))
