"""The command ``compare``: race contestants on layers, and print ratios of times."""

import json
import os
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from typer import Argument, Option

from .._checks import as_shape
from ..compare.case import Case
from ..compare.contestants import LIBRARIES, RUNGS
from ..compare.models import RUNTIMES, Entry, Model, read_model
from ..compare.race import race
from ..compare.timed_layers import CASES, LAYERS, NETWORKS, ODD, POOLS, read_layers
from ..nn.convolution import Conv
from ..tiling.blas import blas_library
from ..tiling.threads import thread_count, usable_cpus
from .arguments import (
    BadInputError,
    read_sizes,
    refusing,
    require_extra,
    require_outputs,
    require_svg,
    write_output,
)
from .charts import draw_bars
from .compare_tables import (
    Heat,
    as_numbers,
    common_base,
    mean_ratios,
    show_heat,
    show_means,
)
from .openblas import blas_name, cpu_name, instruction_sets, suggestion
from .terminal import open_screen, say

__all__ = ["compare", "conditions", "in_words", "named", "require_room"]

Kind = TypeVar("Kind", Case, Model)
MODEL_BATCHES = "1,16"  # images at once


def compare(
    names: Annotated[
        list[str] | None,
        Argument(
            metavar="CASE...",
            help=f"{', '.join(CASES)}; with --models, FILE.onnx[:320x320x3].",
        ),
    ] = None,
    *,
    suite: Annotated[bool, Option("--suite", help="The twelve layers.")] = False,
    odd: Annotated[bool, Option("--odd", help="Nine layers of other shapes.")] = False,
    pools: Annotated[bool, Option("--pools", help="The pools.")] = False,
    networks: Annotated[
        bool, Option("--networks", help="The networks: a step of training.")
    ] = False,
    models: Annotated[
        bool, Option("--models", help="ONNX files, against onnxruntime.")
    ] = False,
    shapes: Annotated[
        Path | None,
        Option(metavar="FILE", help="Layers, one a line: name N H W C kernel F s p."),
    ] = None,
    images: Annotated[
        str | None, Option("--input", metavar="8x56x56x64", help="A layer of your own.")
    ] = None,
    kernel: Annotated[
        str | None, Option(metavar="3x3x64x64", help="Its kernels.")
    ] = None,
    stride: Annotated[int, Option(min=1, help="Its stride.")] = 1,
    padding: Annotated[int, Option(min=0, help="Its padding.")] = 0,
    batches: Annotated[
        str, Option("--batch", metavar="8,256", help="So many images instead.")
    ] = "",
    against: Annotated[
        str, Option(metavar="torch,jax", help=f"{', '.join(LIBRARIES)}.")
    ] = "",
    threads: Annotated[int | None, Option(min=1, help="How many each may use.")] = None,
    rounds: Annotated[int, Option(min=1, help="How often to go round.")] = 5,
    cpu: Annotated[
        bool, Option("--cpu", help="Say what it runs on; nothing else needed.")
    ] = False,
    as_json: Annotated[
        bool, Option("--json", help="Write every number, as JSON.")
    ] = False,
    plot: Annotated[
        Path | None, Option(metavar="BARS.svg", help="Draw the ratios.")
    ] = None,
) -> int:
    """
    Compare loops, columns, the fast path and other libraries.

    Equal, how fast, in how much memory: forward and backward, of a network a step of
    training; each in a process of its own, in turn. Ratios are to the last library
    named, or to the columns. With several numbers of images they are per image, to the
    first number. Models answer for 1 image and for 16, unless --batch says otherwise.
    """
    with refusing():
        tables = {"suite": suite, "odd": odd, "pools": pools, "networks": networks}
        if models:
            others = [*tables.values(), shapes, images, kernel, against]
            plan = of_models(names or [], batches, alone=not any(others))
        else:
            cases = named(names or [], **tables)
            cases += yours(images, kernel, stride=stride, padding=padding)
            cases += [] if shapes is None else from_file(shapes)
            plan = of_cases(cases, batches, opponents(against))
        if not plan.heats and not cpu:
            raise ValueError(
                "name what to compare, such as lenet1, or give --suite, --odd, "
                "--pools, --networks, --models, --shapes, or --input and --kernel"
            )
        require_plot(plot)
        count = thread_count() if threads is None else threads
        measured_with = conditions(count, plan.libraries)
    screen = open_screen()
    if not as_json:
        say(screen, in_words(measured_with))
        if cpu:
            say(screen, cpu_in_words(measured_with))
    run, left = [], []
    for together in plan.heats:
        found, leaving = race(together, plan.contestants, threads=count, rounds=rounds)
        heat = Heat(together, found, leaving, plan.base)
        left += leaving
        if not as_json:
            show_heat(screen, heat)
        if heat.has_run:
            run.append(heat)
    if as_json:
        text = json.dumps(measured_with | as_numbers(run, left), indent=1)
        for line in text.splitlines():
            say(screen, line)
    elif len(run) > 1:
        show_means(screen, run)
    if plot is not None and run:
        write_output(plot, draw_bars(mean_ratios(run), common_base(run)))
    right = all(r.equal for heat in run for rs in heat.found.values() for r in rs)
    return 0 if right and not any(leaver.failed for leaver in left) else 1


class Plan(NamedTuple):
    """What runs together, and who takes part; the last library is the measure."""

    heats: list[list[Entry]]
    contestants: list[str]
    libraries: list[str]

    @property
    def base(self) -> str:
        """The contestant that the others are measured by."""
        return self.libraries[-1] if self.libraries else "columns"


def of_cases(cases: Sequence[Case], batches: str, libraries: list[str]) -> Plan:
    """Plan for layers and chains of them, by all rungs and these libraries."""
    heats = resized(list(dict.fromkeys(cases)), batches)
    rungs = RUNGS if max(map(len, heats), default=1) == 1 else ["fast"]
    contestants = [*rungs, *libraries]
    for together in heats:
        require_room(together, len(contestants))
    return Plan([[*together] for together in heats], contestants, libraries)


def of_models(files: Sequence[str], batches: str, *, alone: bool) -> Plan:
    """Plan for networks in ONNX files, each number of images by itself."""
    if not alone:
        raise ValueError("--models compares files: give no other cases with it")
    require_extra("onnx", "onnx", purpose="--models")
    require_extra("onnxruntime", "frameworks", purpose="--models")
    found = resized([read_model(file) for file in files], batches or MODEL_BATCHES)
    heats: list[list[Entry]] = [[one] for several in found for one in several]
    return Plan(heats, RUNTIMES, RUNTIMES[1:])


def conditions(threads: int, libraries: Sequence[str]) -> dict[str, Any]:
    """Gather the number of threads, versions, and the kernels that BLAS runs."""
    library = blas_library()
    # Of torch and torch-channels-last, the package is torch.
    packages = dict.fromkeys(["numpy", *(name.split("-")[0] for name in libraries)])
    return {
        "threads": threads,
        "versions": {package: version(package) for package in packages},
        "blas": blas_name(library),
        "kernels": library.get("architecture"),
        "cpu": cpu_name(),
        "instructions": instruction_sets(),
        "cores": usable_cpus(),
        "better_kernels": suggestion(),
    }


def in_words(found: dict[str, Any]) -> str:
    """Write conditions in one line, and a hint at better kernels in another."""
    threads = f"{found['threads']} thread{'s' * (found['threads'] > 1)}"
    versions = (f"{name} {number}" for name, number in found["versions"].items())
    kernels = f" with {found['kernels']} kernels" * bool(found["kernels"])
    blas = f"BLAS {found['blas']}{kernels}"
    line = f"measured with {', '.join([threads, *versions, blas])}"
    if found["better_kernels"] is None:
        return line
    return f"{line};\nthis CPU can run better ones: see `im2col-cnn doctor`"


def cpu_in_words(found: dict[str, Any]) -> str:
    """Write the CPU, its instruction sets, and how many cores may be used."""
    sets = ", ".join(found["instructions"]) or "no wide instructions"
    cores = f"{found['cores']} core{'s' * (found['cores'] > 1)}"
    return f"CPU {found['cpu']}; {sets}; {cores}"


def from_file(path: Path) -> list[Case]:
    """Read layers from a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"--shapes {path}: {error}") from error
    try:
        return read_layers(text)
    except ValueError as error:
        raise BadInputError(f"--shapes {path}: {error}") from error


def named(
    names: Sequence[str], *, suite: bool, odd: bool, pools: bool, networks: bool
) -> list[Case]:
    """Return the cases of these names, and of whole tables of them."""
    for name in names:
        if name not in CASES:
            raise ValueError(f"no case {name!r}: there are {', '.join(CASES)}")
    cases = [CASES[name] for name in names]
    tables = (suite, LAYERS), (odd, ODD), (pools, POOLS), (networks, NETWORKS)
    for wanted, table in tables:
        cases += table.values() if wanted else ()
    return cases


def yours(
    images: str | None, kernel: str | None, *, stride: int, padding: int
) -> list[Case]:
    """Return a convolution of the user's own, if there is one."""
    if (images is None) != (kernel is None):
        raise ValueError("--input and --kernel go together: give both or neither")
    if images is None or kernel is None:
        return []
    x = read_sizes(images, "--input", example="8x56x56x64")
    w = read_sizes(kernel, "--kernel", example="3x3x64x64")
    shapes = as_shape(x, "--input", at_least=1), as_shape(w, "--kernel", at_least=1)
    if [len(shape) for shape in shapes] != [4, 4] or x[-1] % w[-2]:
        raise ValueError(
            f"--input {images} must be NxHxWxC and --kernel {kernel} KHxKWxCxF, "
            f"with C divisible by that of the kernel"
        )
    *size, C, F = w
    conv = Conv(F, size, stride=stride, padding=padding, groups=x[-1] // C)
    case = Case.read(Case("yours", x, (conv,)).written())  # as its processes will
    list(case.stages())  # refuses a kernel that does not fit
    return [case]


def resized(cases: Sequence[Kind], batches: str) -> list[list[Kind]]:
    """Return what runs together: each case, with every number of images asked for."""
    if not batches:
        return [[case] for case in cases]
    sizes = []
    for word in batches.split(","):
        if not word.isdecimal() or int(word) < 1 or int(word) in sizes:
            raise ValueError(
                f"--batch must be different whole numbers of at least 1, such as "
                f"8,256, got {batches!r}"
            )
        sizes.append(int(word))
    return [[case.with_images(N) for N in sizes] for case in cases]


def require_plot(plot: Path | None) -> None:
    """Refuse a picture that cannot be drawn or written."""
    if plot is not None:
        require_extra("matplotlib", "viz", purpose="--plot")
        require_svg("--plot", plot)
        require_outputs({"--plot": plot})


def opponents(against: str) -> list[str]:
    """Return the libraries named, if they are known and there."""
    names = list(dict.fromkeys(name.strip() for name in against.split(",") if name))
    for name in names:
        if name not in LIBRARIES:
            raise ValueError(f"--against {name}: choose from {', '.join(LIBRARIES)}")
        module = name.split("-")[0]
        if find_spec(module) is None:
            raise BadInputError(
                f"--against {name} needs {module}: python -m pip install {module}"
            )
    return names


def require_room(cases: Sequence[Case], contestants: int) -> None:
    """Refuse what together cannot fit into the memory of this machine."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed = contestants * sum(case.bytes for case in cases)
    if needed > there:
        names = ", ".join(case.name for case in cases)
        raise ValueError(
            f"{names}: {contestants} contestants need {needed / 2**30:.1f} GiB for "
            f"images and gradients alone, this machine has {there / 2**30:.1f}: give "
            f"fewer images, or smaller ones"
        )
