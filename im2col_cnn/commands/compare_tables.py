"""Show what a race found: a table per case, and what the cases have in common."""

from collections.abc import Iterator, Sequence
from math import exp, log
from statistics import fmean, median, mode
from typing import Any, NamedTuple

from rich.console import Console

from ..compare.case import Case
from ..compare.models import Entry, Model
from ..compare.race import Left, Result
from .terminal import say, show_table

__all__ = [
    "Heat",
    "as_numbers",
    "common_base",
    "mean_ratios",
    "show_heat",
    "show_means",
]

MIN_FULL_TABLE_WIDTH = 100  # characters of a terminal in which the whole table fits


class Row(NamedTuple):
    """One result, what it is called, and the one it is measured by."""

    label: str
    case: Entry
    result: Result
    base: Result

    @property
    def ratio(self) -> float:
        """The ratio of the middle round."""
        return median(self.result.ratios(self.base))

    @property
    def is_bare(self) -> bool:
        """Whether it is the bare product, which takes no step."""
        return self.result.who == "product"

    @property
    def takes_steps(self) -> bool:
        """Whether gradients came back too."""
        return not self.is_bare and isinstance(self.case, Case)


class Heat(NamedTuple):
    """What ran in turn: one case, or one with several numbers of images."""

    cases: Sequence[Entry]
    found: dict[str, list[Result]]
    left: Sequence[Left]
    wanted: str  # the contestant that the others are measured by

    @property
    def has_run(self) -> bool:
        """Whether there is anything to measure the others by."""
        return bool(self.found[self.cases[0].name])

    @property
    def base(self) -> str:
        """Say what the others are measured by, as far as it took part."""
        first, *others = self.cases
        if others:
            return f"{first.images} image{'s' * (first.images != 1)}"
        names = [result.who for result in self.found[first.name]]
        return next(name for name in (self.wanted, "columns", *names) if name in names)

    def rows(self) -> Iterator[Row]:
        """Walk through the results, contestant by contestant."""
        first, *others = self.cases
        bases = {result.who: result for result in self.found[first.name]}
        for who in bases:
            for case in self.cases:
                for result in self.found[case.name]:
                    if result.who == who:
                        base = bases[who if others else self.base]
                        label = f"{who} x {case.images}" if others else who
                        yield Row(label, case, result, base)


def show_heat(screen: Console, heat: Heat) -> None:
    """Show a row per result."""
    first, *others = heat.cases
    say(screen, f"{first.name}: {first}", style="bold")
    if heat.has_run:
        what = "an answer" if isinstance(first, Model) else "a step"
        say(screen, f"ratio: of {what}{' per image' * bool(others)}, to {heat.base}")
        show_rows(screen, heat, per_image=bool(others))
    for who, case, why, _ in heat.left:
        say(screen, f"{who} is not in {case.name}: {why}")


def show_rows(screen: Console, heat: Heat, *, per_image: bool) -> None:
    """Show the table; times are those of all images, unless their numbers differ."""
    rows = list(heat.rows())
    unit = "ms/image" if per_image else "ms"
    header = "", "equal", f"forward {unit}", f"step {unit}", "ratio", "spread", "MiB"
    products = {row.case: row.result for row in rows if row.is_bare}
    written = [entries(row, per_image=per_image) for row in rows]
    if not products:
        show_table(screen, header, written)
        return
    speeds = [speed_of(row, products[row.case]) for row in rows]
    titles = "GFLOP/s", "forward / product"
    if screen.width >= MIN_FULL_TABLE_WIDTH:
        lines = [left + right for left, right in zip(written, speeds, strict=True)]
        show_table(screen, header + titles, lines)
    else:
        show_table(screen, header, written)
        labels = [row.label for row in rows]
        lines = [(label, *s) for label, s in zip(labels, speeds, strict=True)]
        show_table(screen, ("", *titles), lines)


def entries(row: Row, *, per_image: bool) -> tuple[str, ...]:
    """Write a row."""
    result = row.result
    scale = 1e3 / (result.images if per_image else 1)
    forward, step = (scale * result.median(what) for what in ("forward", "step"))
    ratios = result.ratios(row.base)
    note = f" ({row.result.note})" if row.result.note else ""
    return (
        row.label + note,
        "yes" if result.equal else "NO",
        three_digits(forward),
        three_digits(step) if row.takes_steps else "-",
        "-" if row.is_bare else two_places(row.ratio),
        "-" if row.is_bare else "-".join(map(two_places, (ratios[0], ratios[-1]))),
        f"{result.memory / 2**20:.0f}",
    )


def speed_of(row: Row, product: Result) -> tuple[str, ...]:
    """Say how near to the bare product a convolution comes."""
    forward, step = row.result.median("forward"), row.result.median("step")
    assert isinstance(row.case, Case)  # a model is no one product
    work = row.case.operations * (1 if row.is_bare else 3)
    against = forward / product.median("forward")
    return f"{work / step / 1e9:.1f}", two_places(against)


def two_places(ratio: float) -> str:
    """Write a ratio; places mean nothing where it is large."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2f}"


def three_digits(number: float) -> str:
    """Write a number to three digits, and never with an exponent where it is large."""
    return f"{number:,.0f}" if number >= 100 else f"{number:#.3g}"


def common_base(heats: Sequence[Heat]) -> str:
    """Return what most heats are measured by; who declined was replaced in some."""
    return mode(heat.base for heat in heats)


def alike(heats: Sequence[Heat]) -> list[Heat]:
    """Return the heats that are measured by the same."""
    return [heat for heat in heats if heat.base == common_base(heats)]


def mean_ratios(heats: Sequence[Heat]) -> dict[str, float]:
    """Return the geometric mean of every ratio, of those who were in every heat."""
    logs: dict[str, list[float]] = {}
    for heat in alike(heats):
        for row in heat.rows():
            if not row.is_bare:
                logs.setdefault(row.label, []).append(log(row.ratio))
    most = max(map(len, logs.values()), default=0)
    return {who: exp(fmean(some)) for who, some in logs.items() if len(some) == most}


def show_means(screen: Console, heats: Sequence[Heat]) -> None:
    """Show what the cases have in common."""
    say(screen, f"geometric mean of {len(alike(heats))} cases", style="bold")
    rows = [(label, two_places(mean)) for label, mean in mean_ratios(heats).items()]
    show_table(screen, ("", f"/ {common_base(heats)}"), rows)


def as_numbers(heats: Sequence[Heat], left: Sequence[Left]) -> dict[str, Any]:
    """Gather everything that was measured."""
    return {
        "base": common_base(heats) if heats else None,
        "mean_ratios": mean_ratios(heats) if heats else {},
        "layers": {
            case.name: {
                **case.numbers,
                "results": {r.who: vars(r) for r in heat.found[case.name]},
            }
            for heat in heats
            for case in heat.cases
        },
        "left_out": [
            {"who": who, "case": case.name, "why": why} for who, case, why, _ in left
        ],
    }
