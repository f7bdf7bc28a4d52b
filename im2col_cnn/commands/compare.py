"""Time this package and others: on a convolution, on pools, on networks that learn."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ..compare.catalogue import CASES
from ..compare.contestants import LIBRARIES, RUNGS
from ..compare.race import race
from ..tiling.threads import thread_count
from .bars import draw_bars
from .choosing import named, opponents, require_room, resized, yours
from .compare_tables import (
    Heat,
    as_numbers,
    common_base,
    mean_ratios,
    show_heat,
    show_means,
)
from .conditions import conditions, in_words
from .outputs import require_outputs, require_svg, write_output
from .refusals import refusing, require_extra
from .screen import open_screen, say

__all__ = ["compare"]


def compare(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="CASE...", help=f"{', '.join(CASES)}."),
    ] = None,
    *,
    suite: Annotated[bool, typer.Option("--suite", help="The twelve layers.")] = False,
    pools: Annotated[bool, typer.Option("--pools", help="The pools.")] = False,
    networks: Annotated[
        bool, typer.Option("--networks", help="The networks: a step of training.")
    ] = False,
    images: Annotated[
        str | None,
        typer.Option("--input", metavar="8x56x56x64", help="A layer of your own."),
    ] = None,
    kernel: Annotated[
        str | None, typer.Option(metavar="3x3x64x64", help="Its kernels.")
    ] = None,
    stride: Annotated[int, typer.Option(min=1, help="Its stride.")] = 1,
    padding: Annotated[int, typer.Option(min=0, help="Its padding.")] = 0,
    batches: Annotated[
        str, typer.Option("--batch", metavar="8,256", help="So many images instead.")
    ] = "",
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
    Compare loops, columns, the fast path and other libraries.

    Equal, how fast, in how much memory: forward and backward, of a network a step of
    training; each in a process of its own, in turn. Ratios are to the last library
    named, or to the columns. With several numbers of images they are per image, to the
    first number.
    """
    with refusing():
        cases = named(names or [], suite=suite, pools=pools, networks=networks)
        cases += yours(images, kernel, stride=stride, padding=padding)
        if not cases:
            raise ValueError(
                "name what to compare, such as lenet1, or give --suite, --pools, "
                "--networks, or --input and --kernel"
            )
        others = opponents(against)
        heats = resized(list(dict.fromkeys(cases)), batches)
        rungs = RUNGS if len(heats[0]) == 1 else ["fast"]
        contestants = [*rungs, *others]
        for together in heats:
            require_room(together, len(contestants))
        if plot is not None:
            require_extra("matplotlib", "viz", purpose="--plot")
            require_svg("--plot", plot)
            require_outputs({"--plot": plot})
        count = thread_count() if threads is None else threads
        measured_with = conditions(count, others)
    screen = open_screen()
    if not as_json:
        say(screen, in_words(measured_with))
    run, left = [], []
    for together in heats:
        found, leaving = race(together, contestants, threads=count, rounds=rounds)
        heat = Heat(together, found, leaving, others[-1] if others else "columns")
        left += leaving
        if not as_json:
            show_heat(screen, heat)
        if heat.has_run:
            run.append(heat)
    if as_json:
        say(screen, json.dumps(measured_with | as_numbers(run, left), indent=1))
    elif len(run) > 1:
        show_means(screen, run)
    if plot is not None and run:
        write_output(plot, draw_bars(mean_ratios(run), common_base(run)))
    right = all(r.equal for heat in run for rs in heat.found.values() for r in rs)
    return 0 if right and not any(leaver.failed for leaver in left) else 1
