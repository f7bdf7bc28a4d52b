"""The museum's page says what the museum holds, and its pictures show it."""

import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from im2col_cnn import coverage
from im2col_cnn.testing.bugs.exhibit import Exhibit
from im2col_cnn.testing.bugs.museum import MUSEUM
from im2col_cnn.testing.grading.counterexample_picture import draw_counterexample
from im2col_cnn.testing.grading.kill_matrix import on_show
from im2col_cnn.testing.grading.kinds import KINDS
from im2col_cnn.testing.grading.search import try_again
from im2col_cnn.testing.laws.comparison import BrokenLawError
from tests.notes.counterexamples import FOLDER, MAX_CHARACTERS, picture_of, read
from tests.notes.museum import PAGE, ROOMS, kept, place_of, stale
from tests.notes.svg import SVG, arrays
from tests.profile import IN_FULL, drawn

every_exhibit = pytest.mark.parametrize("exhibit", MUSEUM, ids=lambda e: e.key)


def test_the_page_and_its_pictures_are_what_the_museum_writes() -> None:
    killers = kept()

    assert stale(killers).keys() == set(), "run python -m tests.notes.museum --redraw"


@every_exhibit
def test_a_bug_is_where_its_address_says(exhibit: Exhibit) -> None:
    name, _, key = place_of(exhibit).partition("#")

    assert f'\n<a id="{key}"></a>\n\n### {key}: ' in (PAGE.parent / name).read_text(
        "utf-8"
    )
    assert f"- [{key}]({name}#{key}): " in PAGE.read_text("utf-8")


def test_no_picture_is_left_over() -> None:
    assert set(FOLDER.iterdir()) == {picture_of(exhibit) for exhibit in MUSEUM}


@every_exhibit
def test_a_picture_holds_an_input_that_shows_the_bug_and_nothing_else(
    exhibit: Exhibit,
) -> None:
    trial = read(exhibit)
    subject = on_show(exhibit)
    right, right_back = KINDS[exhibit.kind].oracle
    back = right_back if exhibit.backward else None

    mended = try_again(replace(subject, forward=right, backward=back), trial)

    assert trial.failure is not None
    assert mended.failure is None


@every_exhibit
def test_a_picture_frames_what_is_wrong_and_nothing_else(exhibit: Exhibit) -> None:
    picture = picture_of(exhibit).read_text(encoding="utf-8")
    frames = [e for e in ET.fromstring(picture).iter() if e.get("data-differs")]
    failure = read(exhibit).failure
    expected, got = (list(arrays(picture, name)) for name in ("expected", "got"))

    shapes = [array.shape for array in expected]
    alike = shapes == [array.shape for array in got]
    # One number is drawn like an array that has one.
    if isinstance(failure, BrokenLawError) and alike and np.ndim(failure.found):
        wrong = sum(
            np.count_nonzero(~np.isclose(a, b, equal_nan=True))
            for a, b in zip(expected, got, strict=True)
        )
        assert len(frames) == wrong
    else:
        assert not frames
    assert len(picture) < MAX_CHARACTERS
    assert "prefers-color-scheme:dark" in picture


@pytest.mark.parametrize("key", ["C3", "S2", "C12b", "E38"])
def test_an_input_that_explains_has_windows_that_overlap(key: str) -> None:
    trial = read(next(exhibit for exhibit in MUSEUM if exhibit.key == key))
    x, w, _ = trial.case.arrays

    assert x.shape[1:3] == (3, 3)
    assert coverage(x.shape[1:3], w.shape[:2]).max() > 1
    assert isinstance(trial.failure, BrokenLawError)
    assert trial.failure.what.startswith("dx")


def test_a_nan_is_drawn_and_an_empty_array_is_named() -> None:
    by_key = {exhibit.key: exhibit for exhibit in MUSEUM}
    nan, empty = (
        draw_counterexample(read(by_key[key]), by_key[key].kind, "a title")
        for key in ("S12", "C2")
    )

    assert any(np.isnan(array).any() for array in arrays(nan, "x"))
    texts = [text.text or "" for text in ET.fromstring(empty).iter(f"{SVG}text")]
    assert any(text.startswith("got") and text.endswith(": empty") for text in texts)


def test_every_bug_on_the_page_is_killed_by_some_law() -> None:
    killers = kept()

    assert killers.keys() == {exhibit.key for exhibit in MUSEUM}
    assert all(names != ("",) for names in killers.values())


@drawn
@pytest.mark.skipif(not IN_FULL, reason="another Hypothesis draws what others kill")
@pytest.mark.parametrize("kinds", [kinds for _, kinds in ROOMS.values()], ids="-".join)
def test_the_laws_on_the_page_are_those_that_kill(kinds: tuple[str, ...]) -> None:
    # In a process of its own: what Hypothesis draws depends on the modules it finds.
    keys = [bug.key for bug in MUSEUM if bug.kind in kinds]
    verify = [sys.executable, "-m", "tests.notes.museum", "--verify", *keys]

    assert subprocess.run(verify, cwd=PAGE.parents[1], check=False).returncode == 0
