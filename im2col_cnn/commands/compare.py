"""Time this package and others on one convolution, or on twelve."""

import json
from importlib.util import find_spec
from math import exp, log
from pathlib import Path
from statistics import fmean, median
from typing import Annotated

import typer
from rich.console import Console

from ..compare.cases import LAYERS, Case
from ..compare.race import Result, race
from ..tiling.workers import thread_count
from .bars import draw_bars
from .outputs import require_outputs, require_svg, write_output
from .refusals import BadInputError, refusing, require_extra
from .screen import open_screen, say, show_table
from .sizes import read_sizes

__all__ = ["compare"]

LIBRARIES = {
    "jax": "jax",
    "mygrad": "mygrad",
    "torch": "torch",
    "torch-channels-last": "torch",
}
RUNGS = ("loops", "columns", "fast", "product")


def compare(
    layers: Annotated[
        list[str] | None,
        typer.Argument(metavar="LAYER...", help=f"{', '.join(LAYERS)}."),
    ] = None,
    *,
    suite: Annotated[bool, typer.Option("--suite", help="All of these.")] = False,
    images: Annotated[
        str | None,
        typer.Option("--input", metavar="8x56x56x64", help="A layer of your own."),
    ] = None,
    kernel: Annotated[
        str | None, typer.Option(metavar="3x3x64x64", help="Its kernels.")
    ] = None,
    stride: Annotated[int, typer.Option(min=1, help="Its stride.")] = 1,
    padding: Annotated[int, typer.Option(min=0, help="Its padding.")] = 0,
    against: Annotated[
        str, typer.Option(metavar="torch,jax", help=f"{', '.join(LIBRARIES)}.")
    ] = "",
    threads: Annotated[
        int | None, typer.Option(min=1, help="How many each may use.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often to go round.")] = 5,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write every number, as JSON.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="BARS.svg", help="Draw the ratios.")
    ] = None,
) -> int:
    """
    Compare loops, columns, the fast path and other libraries on convolutions.

    Equal, how fast, in how much memory: forward and backward, each in a process of its
    own, in turn. Ratios are to the last library named, or to the columns.
    """
    with refusing():
        cases = chosen(
            layers or [],
            suite=suite,
            images=images,
            kernel=kernel,
            stride=stride,
            padding=padding,
        )
        others = [name for name in against.split(",") if name]
        for name in others:
            require_library(name)
        if plot is not None:
            require_extra("matplotlib", "viz", purpose="--plot")
            require_svg("--plot", plot)
            require_outputs({"--plot": plot})
        count = thread_count() if threads is None else threads
    base = others[-1] if others else "columns"
    names = [*RUNGS, *others]
    screen = open_screen()
    found: dict[str, list[Result]] = {}
    for case in cases:
        found[case.name] = race(case, names, threads=count, rounds=rounds)
        if not as_json:
            show_case(screen, case, found[case.name], base)
    if as_json:
        say(screen, json.dumps(as_numbers(cases, found, base, count), indent=1))
    elif len(cases) > 1:
        show_means(screen, found, base)
    if plot is not None:
        write_output(plot, draw_bars(mean_ratios(found, base), base))
    return 0 if all(r.equal for results in found.values() for r in results) else 1


def chosen(
    layers: list[str],
    *,
    suite: bool,
    images: str | None,
    kernel: str | None,
    stride: int,
    padding: int,
) -> list[Case]:
    """Return the convolutions asked for."""
    if (images is None) != (kernel is None):
        raise ValueError("--input and --kernel go together: give both or neither")
    for name in layers:
        if name not in LAYERS:
            raise ValueError(f"no layer {name!r}: there are {', '.join(LAYERS)}")
    cases = list(LAYERS.values()) if suite else [LAYERS[name] for name in layers]
    if images is not None and kernel is not None:
        x = read_sizes(images, "--input", example="8x56x56x64")
        w = read_sizes(kernel, "--kernel", example="3x3x64x64")
        if len(x) != 4 or len(w) != 4 or x[-1] % w[-2]:
            raise ValueError(
                f"--input {images} must be NxHxWxC and --kernel {kernel} KHxKWxCxF, "
                f"with C divisible by that of the kernel"
            )
        case = Case("yours", x, w, stride, padding, x[-1] // w[-2])
        _ = case.window  # refuses a kernel that does not fit
        cases.append(case)
    if not cases:
        raise ValueError(
            "name layers to compare, or give --suite, or --input and --kernel"
        )
    return cases


def require_library(name: str) -> None:
    """Refuse a library that is not known or not there."""
    if name not in LIBRARIES:
        raise ValueError(f"--against {name}: choose from {', '.join(LIBRARIES)}")
    if find_spec(LIBRARIES[name]) is None:
        raise BadInputError(
            f"--against {name} needs {LIBRARIES[name]}: "
            f"python -m pip install {LIBRARIES[name]}"
        )


def show_case(screen: Console, case: Case, results: list[Result], base: str) -> None:
    """Show a row per contestant."""
    say(screen, f"{case.name}: {case}", style="bold")
    by_name = {result.who: result for result in results}
    product = by_name["product"].median("forward")
    rows = []
    for result in results:
        step, forward = result.median("step"), result.median("forward")
        ratios = result.ratios(by_name[base])
        bare = result.who == "product"
        rows.append(
            (
                result.who,
                "-" if bare else "yes" if result.equal else "NO",
                f"{1e3 * forward:.2f}",
                "-" if bare else f"{1e3 * step:.2f}",
                "-" if bare else f"{median(ratios):.2f}",
                "-" if bare else f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
                f"{case.operations * (1 if bare else 3) / step / 1e9:.1f}",
                f"{forward / product:.2f}",
                f"{result.memory / 2**20:.0f}",
            )
        )
    show_table(screen, header(base), rows)


def header(base: str) -> tuple[str, ...]:
    """Name the columns."""
    return (
        "",
        "equal",
        "forward ms",
        "step ms",
        f"/ {base}",
        "spread",
        "GFLOP/s",
        "forward / product",
        "MiB more",
    )


def mean_ratios(found: dict[str, list[Result]], base: str) -> dict[str, float]:
    """Return the geometric mean of every contestant's ratios, over all layers."""
    logs: dict[str, list[float]] = {}
    for results in found.values():
        (reference,) = (result for result in results if result.who == base)
        for result in results:
            if result.who != "product":
                ratio = median(result.ratios(reference))
                logs.setdefault(result.who, []).append(log(ratio))
    return {name: exp(fmean(values)) for name, values in logs.items()}


def show_means(screen: Console, found: dict[str, list[Result]], base: str) -> None:
    """Show what the layers have in common."""
    say(screen, f"geometric mean of {len(found)} layers", style="bold")
    means = mean_ratios(found, base).items()
    show_table(screen, ("", f"/ {base}"), [(who, f"{mean:.2f}") for who, mean in means])


def as_numbers(
    cases: list[Case], found: dict[str, list[Result]], base: str, threads: int
) -> dict[str, object]:
    """Gather everything that was measured."""
    return {
        "threads": threads,
        "base": base,
        "mean_ratios": mean_ratios(found, base),
        "layers": {
            case.name: {
                "input": case.input,
                "kernel": case.kernel,
                "settings": case.settings,
                "results": {result.who: vars(result) for result in found[case.name]},
            }
            for case in cases
        },
    }
