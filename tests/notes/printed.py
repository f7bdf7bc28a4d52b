"""Print a worksheet, its answers and slides as PDF, from the pages of the notes.

    python -m tests.notes.printed FOLDER    `pip install '.[site,test]'`, and Chromium

The worksheet has the questions for paper and the exercises, with room to write; the
answers are what is folded away below each. The slides show every picture of the
lessons at its end, under the question of its page, with one statement.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.notes.markdown import FOLDED, LINK, NOTES, section_of, text_of, title_of
from tests.notes.site import EXERCISES, LESSONS, mathml

__all__ = ["DOCUMENTS", "print_all"]

ROOM = '<div class="room"></div>'
FORMULA = re.compile(r"(\$\$?)([^$`]+)\1")
STYLE = """
@page { size: A4; margin: 16mm; }
body { font: 11pt/1.45 sans-serif; color: #111; }
h1 { font-size: 20pt; } h2 { font-size: 14pt; margin: 0 0 2mm; }
pre, code { font: 9.5pt/1.35 monospace; } pre { background: #f3f3f3; padding: 2mm; }
section { break-inside: avoid; margin: 0 0 8mm; }
.room { height: 42mm; border: 0.3mm dashed #999; }
.head { display: flex; justify-content: space-between; }
"""
SLIDES = """
@page { size: 297mm 167mm; margin: 8mm 14mm; }
body { font: 15pt/1.35 sans-serif; color: #111; margin: 0; }
section { height: 149mm; display: flex; flex-direction: column; break-after: page; }
section:last-child { break-after: auto; }
h2 { font-size: 26pt; margin: 0 0 3mm; }
p { margin: 0 0 3mm; } code { font-size: 14pt; }
img { flex: 1; min-height: 0; object-fit: contain; }
footer { font-size: 10pt; color: #666; }
"""


def worksheet() -> str:
    """Return the questions and exercises, with room to write."""
    head = (
        '<p class="head"><span>Name: ____________</span><span>Date: ______</span></p>'
    )
    example = section(section_of(NOTES / "README.md", "The running example"))
    parts = [head, example, *(section(f"{FOLDED.sub('', t)}\n{ROOM}") for t in tasks())]
    return page("Worksheet", STYLE, parts)


def answers() -> str:
    """Return what is folded away below each question and exercise."""
    parts = []
    for task in tasks():
        heading, *_ = task.splitlines()
        folded = [text for summary, text in FOLDED.findall(task) if summary != "Hint"]
        parts.append(section("\n\n".join([heading, *folded])))
    return page("Answers", STYLE, parts)


def tasks() -> list[str]:
    """Return the questions for paper, then the exercises, each with a heading."""
    questions = section_of(NOTES / "teachers.md", "Questions for paper, with answers")
    numbered = re.split(r"^\*\*(\d+)\.\*\* ", questions, flags=re.MULTILINE)[1:]
    found = [
        f"## Question {number}\n\n{text}"
        for number, text in zip(numbered[::2], numbered[1::2], strict=True)
    ]
    found[-1] = found[-1][: found[-1].index("</details>") + len("</details>\n")]
    for exercise in EXERCISES[1:]:
        text = text_of(exercise).partition("\n---\n")[0]
        _, task, rest = re.split(
            r"^(?:Exercise|Put this) .*?\n\n", text, flags=re.MULTILINE | re.DOTALL
        )
        title = f"## Exercise {exercise.name[0]}: {title_of(exercise)}\n\n"
        found.append(title + task + rest[rest.index("<details>") :])
    return found


def slides() -> str:
    """Return a slide for every picture of the lessons."""
    parts = []
    for number, lesson in enumerate(LESSONS, 1):
        _, statement, *_ = text_of(lesson).split("\n\n")
        for mark, words, target in LINK.findall(text_of(lesson)):
            if mark:
                source = (NOTES / target).as_uri()
                picture = f'<img alt="" src="{source}#still">'
                footer = f"<footer>Page {number} · {words}</footer>"
                text = f"## {title_of(lesson)}\n\n{statement}"
                parts.append(section(text, picture + footer))
                statement = ""
    return page("Slides", SLIDES, parts)


def section(text: str, more: str = "") -> str:
    """Turn Markdown into a part of a page that is not broken."""
    from markdown import markdown  # noqa: PLC0415 - of an extra

    text = re.sub(r"(?<!!)\[([^\]]*)\]\([^)\s]+\)", r"\1", text)  # paper has no links
    text = re.sub(r"^```\w+.*$", "```", text, flags=re.MULTILINE)
    text = FORMULA.sub(
        lambda m: mathml("block" if m[1] == "$$" else "inline", m[2]), text
    )
    html = markdown(text, extensions=["fenced_code", "tables"])
    return f"<section>{html}{more}</section>"


def page(title: str, style: str, parts: list[str]) -> str:
    """Return an HTML page."""
    head = f'<meta charset="utf-8"><title>{title}</title><style>{style}</style>'
    return f"<!doctype html><html lang=en>{head}<body>{''.join(parts)}</body></html>"


DOCUMENTS = {"worksheet": worksheet, "answers": answers, "slides": slides}


def print_all(folder: Path) -> list[Path]:
    """Write the documents as PDF into a folder, and return them."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise FileNotFoundError("printing needs Chromium: `apt install chromium`")
    folder.mkdir(parents=True, exist_ok=True)
    printed = []
    for name, write in DOCUMENTS.items():
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work:
            source = Path(work) / f"{name}.html"
            source.write_text(write(), encoding="utf-8")
            pdf = (folder / f"{name}.pdf").resolve()
            flags = [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                f"--user-data-dir={work}/p",
            ]
            flags += [
                "--no-pdf-header-footer",
                f"--print-to-pdf={pdf}",
                source.as_uri(),
            ]
            subprocess.run([browser, *flags], check=True, capture_output=True)
            printed.append(pdf)
    return printed


def main() -> int:
    """Print everything, and say where it lies."""
    parser = argparse.ArgumentParser(prog="python -m tests.notes.printed")
    parser.add_argument("folder", type=Path, help="where to put the PDF files")
    for pdf in print_all(parser.parse_args().folder):
        print(pdf)  # noqa: T201 - a command speaks
    return 0


if __name__ == "__main__":
    sys.exit(main())
