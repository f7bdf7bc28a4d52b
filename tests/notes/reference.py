"""Write a page for every public function and class, from its docstring.

A docstring follows numpydoc: words, then sections of entries. On its page an entry is a
term and what it means, an example is a ``pycon`` fence, and a name that is public leads
to its own page.
"""

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["MODULES", "markdown_of", "public_names", "signature_of", "write_reference"]

PARTS = ["loops", "nn", "files", "testing", "pictures", "step_by_step", "ops"]
MODULES = ["im2col_cnn", *(f"im2col_cnn.{name}" for name in PARTS)]
LONGEST = 100  # letters of an argument with its default
ENTRIES = {"Attributes", "Parameters", "Raises", "Returns", "Warns", "Yields"}
HEADING = re.compile(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", re.MULTILINE)
EXAMPLE = re.compile(r"^>>> .*?(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)


def public_names(module: str) -> dict[str, Any]:
    """Return what a module is for: its public functions, classes and constants."""
    here = importlib.import_module(module)
    return {name: getattr(here, name) for name in here.__all__ if name[0] != "_"}


def write_reference(folder: Path) -> list[str]:
    """Write a page per name and one per module; return those of the modules."""
    for module in MODULES:
        names = public_names(module)
        (folder / module).mkdir(parents=True)
        rows = [
            f"| [`{name}`]({name}.md) | {first_line(value)} |"
            for name, value in names.items()
        ]
        about = markdown_of(inspect.getdoc(importlib.import_module(module)) or "", {})
        table = "\n".join(["| name | what it does |", "| --- | --- |", *rows])
        index = f"# `{module}`\n\n{about}\n\n{table}\n"
        (folder / module / "index.md").write_text(index, encoding="utf-8")
        for name, value in names.items():
            page = "".join(page_of(f"{module}.{name}", value, links_from(module)))
            (folder / module / f"{name}.md").write_text(page, encoding="utf-8")
    return [f"{folder.name}/{module}/index.md" for module in MODULES]


def links_from(module: str) -> dict[str, str]:
    """Return where each public name has its page, seen from those of a module."""
    nearest = [module, *(other for other in MODULES if other != module)]
    return {
        name: f"{name}.md" if other == module else f"../{other}/{name}.md"
        for other in reversed(nearest)
        for name in public_names(other)
    }


def page_of(path: str, value: Any, links: dict[str, str]) -> Iterator[str]:
    """Describe a function, a class with its methods, or a constant."""
    yield f"# `{path.rpartition('.')[2]}`\n\n"
    if callable(value):
        yield f"{signature_of(path, value)}{markdown_of(doc_of(value), links)}\n"
    else:
        yield f"`{path}`: a `{type(value).__name__}`.\n"
    for name, method in sorted(vars(value).items() if inspect.isclass(value) else ()):
        called = method.fget if isinstance(method, property) else method
        called = getattr(called, "__func__", called)
        if name[0] != "_" and inspect.isfunction(called) and called.__doc__:
            yield f"\n## `{name}`\n\n"
            if not isinstance(method, property):
                yield signature_of(name, called)
            yield markdown_of(doc_of(called), links, level=3) + "\n"


def signature_of(path: str, value: Callable[..., Any]) -> str:
    """Return how something is called, as a fence, an argument a line if it is long."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except ValueError:  # an error is raised, not called
        return ""
    named = [each for each in parameters if each.name != "self"]
    arguments = [argument(each) for each in named]
    kinds = [each.kind for each in named]
    settings = inspect.Parameter.KEYWORD_ONLY
    if settings in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        arguments.insert(kinds.index(settings), "*")
    call = f"{path}({', '.join(arguments)})"
    if len(call) > 80:
        call = f"{path}(\n{''.join(f'    {each},' + chr(10) for each in arguments)})"
    return f"```python\n{call}\n```\n\n"


def argument(parameter: inspect.Parameter) -> str:
    """Write an argument and its default, or dots for a default that fills a page."""
    bare = parameter.replace(annotation=parameter.empty)
    return str(bare) if len(str(bare)) <= LONGEST else f"{parameter.name}=..."


def doc_of(value: Any) -> str:
    """Return a docstring without the indentation it has in its file."""
    return inspect.getdoc(value) or ""


def first_line(value: Any) -> str:
    """Return what a thing says of itself in one line."""
    doc = doc_of(value) if callable(value) else ""
    return inline(doc.strip().partition("\n")[0], {}).replace("|", "\\|")


def markdown_of(doc: str, links: dict[str, str], level: int = 2) -> str:
    """Turn a docstring that follows numpydoc into Markdown."""
    words, *sections = HEADING.split(doc.strip())
    parts = [prose(words, links)]
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        text = entries(body, links) if title in ENTRIES else prose(body, links)
        if title == "See Also":
            text = related(body, links)
        parts.append(f"{'#' * level} {title}\n\n{text}")
    return "\n\n".join(parts)


def entries(body: str, links: dict[str, str]) -> str:
    """Write a term, and what it means, as a definition."""
    written = []
    for entry in re.split(r"\n(?=\S)", body.strip()):
        term, _, meaning = entry.partition("\n")
        name, colon, kind = term.partition(" : ")
        kind = f" `{kind.replace('``', '').replace('`', '')}`" if colon else ""
        lines = prose(inspect.cleandoc(meaning), links).replace("\n", "\n    ")
        written.append(f"`{name}`{kind}\n:   {lines}")
    return "\n\n".join(written)


def related(body: str, links: dict[str, str]) -> str:
    """List what stands under See Also."""
    items = []
    for entry in re.split(r"\n(?=\S)", body.strip()):
        names, _, about = " ".join(entry.split()).partition(" : ")
        quoted = ", ".join(f"`{name}`" for name in names.split(", "))
        items.append(f"- {inline(quoted, links)}: {inline(about, links)}")
    return "\n".join(items)


def prose(text: str, links: dict[str, str]) -> str:
    """Write words as words, examples as fences, and indented blocks as they are."""
    text = text.strip("\n")
    written, end = [], 0
    for match in EXAMPLE.finditer(text):
        written += [words_of(text[end : match.start()], links)]
        written += [f"```pycon\n{match[0].rstrip()}\n```"]
        end = match.end()
    written.append(words_of(text[end:], links))
    return "\n\n".join(part for part in written if part)


def words_of(text: str, links: dict[str, str]) -> str:
    """Write paragraphs, and keep what is indented as code."""
    return "\n\n".join(
        part if part.startswith("    ") else inline(part, links)
        for part in text.strip("\n").split("\n\n")
        if part.strip()
    )


def inline(text: str, links: dict[str, str]) -> str:
    """Mark code as Markdown does, link names that are public, escape the rest."""

    def write(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        if not code:
            return f"\\{match[0]}"
        page = re.fullmatch(r"notes/([\w-]+\.md)", code)
        target = f"../../{page[1]}" if page else links.get(code.removesuffix("()"))
        return f"[`{code}`]({target})" if target else f"`{code}`"

    return re.sub(r"``(.+?)``|`([^`]+)`|[*_<\[|$]", write, text, flags=re.DOTALL)
