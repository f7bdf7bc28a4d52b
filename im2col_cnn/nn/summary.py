"""Say of every layer what comes out of it, and how many numbers it has learned."""

from typing import NamedTuple

from .._checks import by
from .._typing import Shape

__all__ = ["Summary", "SummaryRow"]


class SummaryRow(NamedTuple):
    """What there is to say about one layer: name, shape of one output, parameters."""

    name: str
    shape: Shape
    parameters: int


class Summary(list[SummaryRow]):
    """
    One row per layer, which shows itself as a table.

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
    def table(self) -> list[tuple[str, str, str]]:
        """The rows in words, under a head, with the sum below."""
        return [
            ("layer", "output", "parameters"),
            *((row.name, by(row.shape), f"{row.parameters:,}") for row in self),
            ("total", "", f"{sum(row.parameters for row in self):,}"),
        ]

    def __repr__(self) -> str:
        """Write the table: names on the left, numbers on the right."""
        first, second, third = (
            max(map(len, column)) for column in zip(*self.table, strict=True)
        )
        return "\n".join(
            f"{name:{first}}  {shape:>{second}}  {count:>{third}}"
            for name, shape, count in self.table
        )
