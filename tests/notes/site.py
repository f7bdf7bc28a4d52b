"""Build the notes into a site: search, navigation, dark mode, and the explorer inside.

    python -m tests.notes.site FOLDER    build it, strictly; `pip install '.[site]'`

The pages are the notes as they are, README, and one for every public name. Formulas
become MathML, so that the site needs no network. A link that leads nowhere, inside the
site, or a picture that is missing, is an error.
"""

import argparse
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

from tests.notes.markdown import NOTES, text_of, title_of
from tests.notes.pages import ROOT
from tests.notes.reference import write_reference

__all__ = ["EXERCISES", "LESSONS", "build", "dead_links", "mathml", "searched"]

EXERCISES = [NOTES / "exercises" / "README.md"]
EXERCISES += sorted((NOTES / "exercises").glob("[0-9]-*.md"))
LESSONS = sorted(NOTES.glob("[0-9][0-9]-*.md"))
RECORDS = {"changelog", "contributing", "pictures/index", "speed-log"}
FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL
)
FENCE = re.compile(r"^(```\w+) .+$", re.MULTILINE)  # with a flag for the tests
PICTURE = re.compile(r'<img\b(?=[^>]*\bsrc="([^"]*\.svg)")')
SCRIPT = re.compile(r"(<script\b[^>]*>).*?</script>", re.DOTALL)
BEFORE_MARK = re.compile("</math>(?=[，。；：、）])")  # no line begins with a mark
REFERRED = re.compile(r'<(?:a|img|script|link)\b[^>]*?\b(?:href|src)="([^"]*)"')


def build(site: Path) -> None:
    """Write the site into a folder that does not exist yet."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pages = work / "docs"
        shutil.copytree(NOTES, pages, ignore=shutil.ignore_patterns("*.toml", "__*"))
        (pages / "README.md").rename(pages / "index.md")
        shutil.copy(ROOT / "README.md", pages / "start.md")
        modules = write_reference(pages / "reference")
        settings = text_of(NOTES / "zensical.toml")
        nav = navigation(modules)
        settings = settings.replace("[project]\n", f"[project]\nnav = {nav}\n", 1)
        (work / "zensical.toml").write_text(settings, encoding="utf-8")
        for page in [*pages.glob("*.md"), *pages.glob("exercises/*.md")]:
            name = page.relative_to(pages).as_posix()
            page.write_text(for_site(text_of(page), name), encoding="utf-8")
        explorer = pages / "explorer.html"
        explorer.write_text(
            text_of(explorer)
            .replace('"README.md"', '"index.html"')
            .replace('.md"', '.html"'),
            encoding="utf-8",
        )
        run = [sys.executable, "-m", "zensical", "build", "--strict"]
        subprocess.run(run, cwd=work, check=True)
        for page in (work / "site").rglob("*.html"):
            text = PICTURE.sub(partial(picture, page), text_of(page))
            if page.name.endswith(".zh.html"):  # or marks look as in Japanese
                text = text.replace('<html lang="en"', '<html lang="zh-Hans"', 1)
            text = BEFORE_MARK.sub("</math>\u2060", FORMULA.sub(formula, text))
            page.write_text(text, encoding="utf-8")
        index = work / "site" / "search.json"
        found = json.loads(text_of(index))
        found["items"] = searched(found["items"])
        index.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
        shutil.move(work / "site", site)


def searched(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave records out of what is searched, and let a public name be found once."""
    kept: dict[str, dict[str, Any]] = {}
    for item in items:
        page, _, place = item["location"].partition("#")
        if page.removesuffix(".html") in RECORDS:
            continue
        if place and page.startswith("reference/"):
            kept[page]["text"] += f" {item['title']} {item['text']}"
        else:
            kept[item["location"]] = item
    return [*kept.values()]


def navigation(modules: list[str]) -> str:
    """Return the contents of the site, as TOML: lessons, what is beside, reference."""
    answers = "questions symptoms other-im2cols notebook museum"
    answers += " museum-convolution museum-pooling museum-im2col teachers"
    uses = "files-and-training files bring-your-network beyond-one-machine"
    records = "speed-log contributing changelog"
    chinese = "README im2col dy backward col2im max-pool rows-and-columns notebook"
    lessons: list[str | dict[str, str]] = [
        {f"{n}. {title_of(lesson)}": lesson.name} for n, lesson in enumerate(LESSONS, 1)
    ]
    sections: dict[str, list[str | dict[str, str]]] = {
        "The notes": ["index.md", {"The package in ten lines": "start.md"}],
        "Lessons": [*lessons[:4], "dy.md", *lessons[4:]],
        "Exercises": [f"exercises/{page.name}" for page in EXERCISES],
        "Find an answer": [
            {"The explorer": "explorer.html"},
            *(f"{name}.md" for name in answers.split()),
            "pictures/README.md",
        ],
        "Use the package": [f"{name}.md" for name in uses.split()],
        "The project": [f"{name}.md" for name in records.split()],
        "中文": [f"{name}.zh.md" for name in chinese.split()],
        "Reference": [{page.split("/")[1]: page} for page in modules],
    }
    tables = (f"{{ {json.dumps(k)} = {toml(v)} }}" for k, v in sections.items())
    return f"[{', '.join(tables)}]"


def toml(items: list[str | dict[str, str]]) -> str:
    """Write a list of pages, some of them with a title."""
    written = (
        f"{{ {', '.join(f'{json.dumps(k)} = {json.dumps(v)}' for k, v in i.items())} }}"
        if isinstance(i, dict)
        else json.dumps(i)
        for i in items
    )
    return f"[{', '.join(written)}]"


def for_site(text: str, name: str) -> str:
    """Let links lead to where pages stand in the site, fold, and show code as code."""
    if name == "start.md":
        text = text.replace("](notes/README.md", "](index.md").replace("](notes/", "](")
    if name.startswith("exercises/"):
        text = text.replace("](../README.md", "](../index.md")
    else:
        text = text.replace("](../README.md", "](start.md")
        text = text.replace("](README.md", "](index.md")
    text = FENCE.sub(r"\1", text)
    return text.replace("<details>", '<details markdown="1">')


def formula(match: re.Match[str]) -> str:
    """Turn a formula of a page into what browsers draw themselves."""
    return mathml("inline" if match[1] == "span" else "block", html.unescape(match[2]))


def mathml(display: str, formula: str) -> str:
    """Turn a formula in TeX into MathML."""
    from latex2mathml.converter import convert  # noqa: PLC0415 - an extra

    return str(convert(formula, display=display))


def picture(page: Path, match: re.Match[str]) -> str:
    """Mark a picture that moves, for which the site has a button that holds it."""
    moves = "@keyframes" in text_of(page.parent / match[1])
    return f'{match[0]} class="film"' if moves else match[0]


def dead_links(site: Path) -> list[str]:
    """Name what pages refer to and the site does not hold, places in pages included."""
    texts = {page: text_of(page) for page in site.rglob("*.html")}
    dead = []
    for page, text in texts.items():
        shown = SCRIPT.sub(r"\1", text)
        for link in REFERRED.findall(shown):
            path, place = urldefrag(html.unescape(link))
            if re.match(r"\w+:|//", link) or page.name == "404.html":
                continue
            target = (page.parent / unquote(path)).resolve() if path else page
            held = texts.get(target, "")
            if "=" in place:  # it is not a place, but what the explorer is to show
                place = ""
            if not target.exists() or (place and held and f'id="{place}"' not in held):
                dead.append(f"{page.relative_to(site)}: {link}")
    return dead


def main() -> int:
    """Build the site, and say which links of it lead nowhere."""
    parser = argparse.ArgumentParser(prog="python -m tests.notes.site")
    parser.add_argument("folder", type=Path, help="where the site is to be")
    folder = parser.parse_args().folder
    if folder.exists():
        parser.error(f"{folder} exists: name a folder that does not")
    build(folder)
    dead = dead_links(folder)
    print("\n".join([*dead, f"{folder / 'index.html'}"]))  # noqa: T201 - speaks
    return int(bool(dead))


if __name__ == "__main__":
    sys.exit(main())
