"""Homework is loaded as it is found: definitions are run, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from im2col_cnn.testing.isolation import start
from im2col_cnn.testing.isolation.loader import HomeworkError, is_beside, read_cells

SCRIPT = """
import runpy, sys
from pathlib import Path
runpy.run_path(sys.argv[2])["stand_in"]()
from im2col_cnn.testing.isolation.loader import load
homework = load(Path(sys.argv[1]))
print(sorted(homework.names), homework.account.trouble)
if {"this", "wave"} & {*sys.modules}:
    print("imported:", *sorted({"this", "wave"} & {*sys.modules}))
"""


def load(path: Path) -> str:
    """Load a file in another process, for it changes where modules are found."""
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), start.__file__],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder / f"{next(iter(files))}.py"


def test_only_imports_definitions_and_simple_constants_are_run(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        homework="import math\nEPS = 1e-8\nprint('no')\nx = open('no')\n"
        "assert False\ndef f(): return EPS\nclass A: pass\n"
        "if __name__ == '__main__': raise SystemExit\nfor i in range(3): i / 0\n",
    )

    assert load(path) == "['A', 'EPS', 'f', 'math'] []\n"


def test_modules_beside_a_file_only_define(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        homework="from beside import *\nfrom .other import g\ndef h(): f() + g()",
        beside="def f(): return 1\nraise SystemExit",
        other="def g(): return 2\n1 / 0",
    )

    assert load(path) == "['f', 'g', 'h'] []\n"


def test_a_missing_import_costs_only_what_calls_it(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        homework="import nobody_has_this as plt\nfrom nor_this import that\n"
        "def f(): return 1\nclass A(plt.B): pass\nB = np.sum(that())\n",
    )

    names, trouble = load(path).split("] [")
    assert names == "['A', 'f'"
    assert "line 2: ModuleNotFoundError: No module named 'nor_this'" in trouble


def test_what_no_definition_uses_is_imported_only_where_it_is_beside(
    tmp_path: Path,
) -> None:
    path = write(
        tmp_path,
        homework="import wave, this as t\nimport beside\nt.c = 3\nt.d['e'] = wave\n"
        "def f(): return wave",
        beside="from nowhere import nothing",
    )

    names, trouble = load(path).split("] [")

    assert names == "['beside', 'f', 'wave'"
    assert trouble.count("line") == 1
    assert "beside.py, line 1: ModuleNotFoundError" in trouble
    assert trouble.endswith("imported: wave\n")


def test_what_is_imported_beside_a_file_is_there_for_its_star(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        homework="from beside import *\ndef f(): return wave.open",
        beside="import wave",
    )

    assert load(path) == "['f', 'wave'] []\nimported: wave\n"


def test_an_optional_import_may_note_that_it_is_there(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        homework="try:\n    import nobody_has_this as xp\n    ON_GPU = True\n"
        "except ImportError:\n    import math as xp\n    ON_GPU = False\n"
        "def f(): return xp.pi\n",
    )

    assert load(path).startswith("['ON_GPU', 'f', 'xp'] []")


def test_magics_of_notebooks_and_cells_in_other_languages_are_passed_over(
    tmp_path: Path,
) -> None:
    path = tmp_path / "homework.ipynb"
    cells = ["%matplotlib inline\nx = 1", "%%bash\nrm x", "!pip install y", "# end"]
    cells += ["for i in x:\n    !rm $i", "files = !ls", "x?", "??x"]
    path.write_text(
        json.dumps(
            {"cells": [{"cell_type": "code", "source": [cell]} for cell in cells]}
        ),
        encoding="utf-8",
    )

    source = "\n".join(cell.source for cell in read_cells(path))
    lines = [line for line in source.split("\n") if line not in ("", "pass")]
    assert lines == ["x = 1", "# end", "for i in x:", "    pass"]


def test_constants_that_python_computes_are_run_and_conditions_followed(
    tmp_path: Path,
) -> None:
    path = write(
        tmp_path,
        homework="import math\nN = int(math.sqrt(4))\nif N > 1:\n    F = [N] * 2\n"
        "else:\n    F = 0\nif N:\n    print('no')\n    G = 1\n",
    )

    assert load(path) == "['F', 'N', 'math'] []\n"


def test_the_encoding_that_a_file_declares_is_the_one_it_is_read_in(
    tmp_path: Path,
) -> None:
    path = tmp_path / "homework.py"
    path.write_bytes("# -*- coding: latin-1 -*-\nN = 'é'\n".encode("latin-1"))

    assert load(path) == "['N'] []\n"


@pytest.mark.parametrize("text", ["[]", "{", '{"cells": 1}', '{"cells": [1]}'])
def test_what_is_no_notebook_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "homework.ipynb"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(HomeworkError, match="is no Jupyter notebook, version 4"):
        read_cells(path)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "homework.py"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(HomeworkError, match="is not text in UTF-8"):
        read_cells(path)


def test_a_name_that_was_not_set_is_explained_by_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        homework="def f(): return 1\nN = f()\nfor M in range(3): pass\n"
        "class A:\n    size = N\nclass B:\n    size = M\n",
    )

    names, trouble = load(path).split("] [")
    assert names == "['f'"
    assert "line 4: NameError: name 'N' is not defined; N (line 2) was not" in trouble
    assert "M (line 3) was not set: only imports, definitions and simple" in trouble


def notebook(folder: Path, *cells: str) -> Path:
    """Write a notebook with a text before every code cell."""
    path = folder / "homework.ipynb"
    texts = [{"cell_type": "markdown", "source": ["About it."]}] * len(cells)
    codes = [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells]
    both = [cell for pair in zip(texts, codes, strict=True) for cell in pair]
    path.write_text(json.dumps({"cells": both}), encoding="utf-8")
    return path


def test_lines_of_a_notebook_are_counted_in_their_code_cells(tmp_path: Path) -> None:
    path = notebook(
        tmp_path, "def f(): return 1", "import math\nN = 1 / 0", "x = 1\ny = (", "z = 2"
    )

    names, trouble = load(path).split("] [")

    assert names == "['f', 'math', 'z'"
    assert "cell 2, line 2: ZeroDivisionError" in trouble
    assert "cell 3, line 2: is no Python: '(' was never closed" in trouble


def test_annotations_may_name_what_is_missing(tmp_path: Path) -> None:
    path = write(tmp_path, homework="import nobody_has_this as t\ndef f(x: t.A): ...")

    assert load(path).startswith("['f'] ")


def test_modules_beside_a_file_miss_no_more_than_the_file_would(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        homework="from beside import f",
        beside="import nobody_has_this\nN = [1][2]\ndef f(): return 1",
    )

    names, trouble = load(path).split("] [")
    assert names == "['f'"
    assert "beside.py, line 1: ModuleNotFoundError" in trouble
    assert "beside.py, line 2: IndexError" in trouble


def test_what_is_installed_below_a_folder_is_no_homework(tmp_path: Path) -> None:
    numpy, root = Path(np.__file__).parent, Path(tmp_path.anchor)

    assert numpy.is_relative_to(root)
    assert not is_beside(numpy, root)
    assert not is_beside(Path(json.__file__).parent, root)
    assert is_beside(tmp_path / "below", tmp_path)
    assert not is_beside(tmp_path, tmp_path / "below")
