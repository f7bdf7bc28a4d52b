"""The table of a network's layers, their outputs and their parameters."""

from typing import NamedTuple

from .._checks import by
from .._typing import Shape

__all__ = ["Summary", "SummaryRow"]


class SummaryRow(NamedTuple):
    """Name, shape of one output, number of parameters, and what a layer reads."""

    name: str
    shape: Shape
    parameters: int
    reads: tuple[str, ...] = ()  # empty in a chain, where it goes without saying


class Summary(list[SummaryRow]):
    """
    One row per layer, shown as a table.

    Examples
    --------
    >>> from im2col_cnn.nn.summary import Summary, SummaryRow
    >>> Summary([SummaryRow("conv1", (6, 6, 4), 40), SummaryRow("flatten1", (144,), 0)])
    layer     output  parameters
    conv1      6x6x4          40
    flatten1     144           0
    total                     40
    """

    @property
    def table(self) -> list[tuple[str, ...]]:
        """The rows in words, under a head, with the sum below."""
        rows: list[tuple[str, ...]] = [
            ("layer", "output", "parameters", "reads"),
            *(
                (row.name, by(row.shape), f"{row.parameters:,}", ", ".join(row.reads))
                for row in self
            ),
            ("total", "", f"{sum(row.parameters for row in self):,}", ""),
        ]
        return rows if any(row.reads for row in self) else [row[:3] for row in rows]

    def __repr__(self) -> str:
        """Write the table: numbers on the right, names on the left."""
        first, second, third, *_ = (
            max(map(len, column)) for column in zip(*self.table, strict=True)
        )
        return "\n".join(
            "  ".join([f"{a:{first}}", f"{b:>{second}}", f"{c:>{third}}", *d]).rstrip()
            for a, b, c, *d in self.table
        )
