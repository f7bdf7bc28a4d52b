"""A class is graded file by file: each once, and none stops another."""

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from im2col_cnn.testing import GradedFile, HomeworkError, check_files
from im2col_cnn.testing.grading import classroom, graded_file
from im2col_cnn.testing.grading.classroom import (
    belonging_to,
    find_files,
    limit_of,
    names_of,
)
from im2col_cnn.testing.grading.graded_file import grade_file
from tests.profile import in_turn
from tests.testing.classroom import RIGHT, RIGHT_SHARE, WRONG_SHARE, write_class
from tests.testing.families import source_of

QUICK: dict[str, Any] = {"examples": 2, "seconds": 2.0}


def test_folders_are_searched_for_scripts_and_notebooks(tmp_path: Path) -> None:
    for name in ("b.py", "a.ipynb", "c.txt", "d/e.py", ".f/g.py", "venv/h.py", ".i.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    found = find_files([tmp_path, tmp_path / "b.py"])

    assert names_of(found) == ["a.ipynb", "b.py", "d/e.py"]
    with pytest.raises(HomeworkError, match="has no file that ends in"):
        find_files([tmp_path / "b.py", empty(tmp_path)])


def empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def test_names_hold_no_control_codes() -> None:
    assert names_of([Path("x/a\nb\x1b[31m.py"), Path("x/c.py")]) == [
        "a b?[31m.py",
        "c.py",
    ]


def test_a_homework_in_pieces_is_one_and_others_are_not() -> None:
    kim = [Path(f"kim/{name}.py") for name in PIECES]
    lee = [Path("lee/0-conv_forward.py"), Path("lee/conv_forward.py")]

    assert names_of([*kim, *lee]) == [
        "kim/1-pool_forward.py to 3-pool_backward.py",
        "lee/0-conv_forward.py",
        "lee/conv_forward.py",
    ]
    assert belonging_to([*kim, *lee]) == {kim[0]: kim[1:], lee[0]: [], lee[1]: []}


PIECES = "1-pool_forward", "3-pool_backward"


@in_turn(3)
def test_a_homework_in_pieces_gets_one_result(tmp_path: Path) -> None:
    source = source_of("holberton")
    shared, rest = source.split("def around")[0], source.split("def pool_forward")[1]
    forward, backward = rest.split("def pool_backward")
    for name, text in zip(PIECES, (forward, backward), strict=True):
        whole = f"{shared}def {name[2:]}{text}"
        (tmp_path / f"{name}.py").write_text(whole, encoding="utf-8")

    (graded,) = check_files([tmp_path], results=tmp_path, **QUICK)
    assert (graded.file, graded.status) == (names_of(find_files([tmp_path]))[0], 0)
    assert 'pool_forward, pool_backward, mode="average": read as holber' in graded.text

    (tmp_path / "3-pool_backward.py").write_text("def f(:", encoding="utf-8")
    (graded,) = check_files([tmp_path], results=tmp_path, **QUICK)  # not the kept one
    assert "3-pool_backward.py:1: is no Python" in graded.text


def by_name(results: Any) -> dict[str, GradedFile]:
    return {each.file: each for each in results}


@in_turn(3)
def test_any_executor_grades_a_class(tmp_path: Path) -> None:
    folder = write_class(tmp_path)

    with ThreadPoolExecutor(2) as executor:
        graded = by_name(check_files([folder], executor=executor, **QUICK))

    assert {name: each.status for name, each in graded.items()} == {
        "anna/share.py": 0,
        "ben.py": 1,
        "cleo.py": 2,
    }
    assert [bug.key for bug in graded["ben.py"].bugs] == ["E20"]
    assert "is no Python" in graded["cleo.py"].summary
    # Forty pages about layers.py tell nobody whose they are.
    assert graded["anna/share.py"].text.startswith("anna/share.py, read as ")
    assert "<title>anna/share.py: " in graded["anna/share.py"].page
    for each in graded.values():  # text and numbers, which can be kept and sent
        assert GradedFile.from_json(each.to_json()) == each


def test_what_was_graded_is_not_graded_again_until_something_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded = []

    def grade(path: Path, *, name: str, **_: Any) -> GradedFile:
        assert path.name == name
        graded.append(name)
        return replace(RIGHT, file=name)

    def count(**settings: Any) -> int:
        graded.clear()
        (found,) = check_files([tmp_path / "hw.py"], results=kept, **settings)
        assert (found.file, found.parts) == ("hw.py", RIGHT.parts)
        return len(graded)

    monkeypatch.setattr(classroom, "grade_file", grade)
    kept = tmp_path / "kept"
    (tmp_path / "hw.py").write_text("from shares import share\n")
    (tmp_path / "shares.py").write_text("share = 1\n")

    assert (count(), count()) == (1, 0)
    assert (count(seed=1), count(seed=1)) == (1, 0)
    (tmp_path / "shares.py").write_text("share = 2\n")
    assert (count(), count()) == (1, 0)
    for file in kept.iterdir():
        file.write_text("{")
    assert count() == 1


def test_an_executor_that_fails_is_a_result(tmp_path: Path) -> None:
    class Fails(Executor):
        """A pool whose process was killed."""

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            """Fail, as such a pool does."""
            future: Future[Any] = Future()
            future.set_exception(RuntimeError("killed"))
            return future

    (tmp_path / "hw.py").write_text(RIGHT_SHARE)

    (found,) = check_files([tmp_path], executor=Fails(), results=tmp_path / "kept")

    assert (found.status, found.summary) == (2, "hw.py: the grader was stopped: killed")
    assert not (tmp_path / "kept").exists()  # the next run tries again


def test_an_executor_that_takes_no_more_is_a_result(tmp_path: Path) -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    (tmp_path / "hw.py").write_text(RIGHT_SHARE)

    (found,) = check_files([tmp_path], executor=executor)

    assert found.status == 2
    assert "hw.py: the grader was stopped: cannot schedule new" in found.summary


def test_an_executor_that_gives_nothing_is_not_waited_for_forever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hangs(Executor):
        """Workers that are gone, one after the first file, as Dask's may be."""

        futures: ClassVar[list[Future[Any]]] = []

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            """Answer the first call, and no other."""
            self.futures.append(Future())
            if len(self.futures) == 1:
                self.futures[0].set_result(replace(RIGHT, file=kwargs["name"]))
            return self.futures[-1]

    monkeypatch.setattr(classroom, "limit_of", lambda *_: 0.05)
    for name in "anna", "ben", "cleo":
        (tmp_path / f"{name}.py").write_text(RIGHT_SHARE)

    found = list(check_files([tmp_path], executor=Hangs()))

    assert [each.file for each in found] == ["anna.py", "ben.py", "cleo.py"]
    assert [each.status for each in found] == [0, 2, 2]
    assert "no file was graded for 0.1 s" in found[1].summary
    assert all(future.done() for future in Hangs.futures)


def test_a_fault_of_the_grader_is_a_result_and_says_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(graded_file, "check_module", fails)

    found = grade_file(tmp_path / "hw.py", name="hw.py")

    assert found.status == 2
    assert "the grader failed, which is its fault" in found.summary
    assert "ZeroDivisionError: by zero (test_classroom.py, line " in found.summary


def test_only_what_was_asked_for_is_reported_on(tmp_path: Path) -> None:
    (tmp_path / "hw.py").write_text(WRONG_SHARE)

    share = grade_file(tmp_path / "hw.py", only=["distribute_value"], **QUICK)
    none = grade_file(tmp_path / "hw.py", only=["dx", "conv_forward"], **QUICK)

    assert [part.name for part in share.parts] == ["share"]
    assert "hw.py: has no dx and no conv_forward to check" in none.summary


def test_more_examples_may_take_longer() -> None:
    assert limit_of(None, 25) == limit_of(20, 100) < limit_of(None, 50)


def test_what_belongs_together_is_not_said_beside_its_names(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="also is not for check_files: names tell"):
        list(check_files([tmp_path], also=[tmp_path / "b.py"], **QUICK))
