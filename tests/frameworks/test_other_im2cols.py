"""What the notes say of PyTorch's unfold and fold is so."""

from typing import Any

import pytest

from tests.notes.markdown import NOTES, code_of, text_of


@pytest.mark.frameworks
@pytest.mark.usefixtures("torch")
def test_the_page_on_other_im2cols_runs_with_what_it_shows_of_pytorch() -> None:
    code = code_of(text_of(NOTES / "other-im2cols.md"))
    assert any("import torch" in fence for fence in code)
    names: dict[str, Any] = {}

    exec("\n".join(code), names)

    assert "back" in names
