"""The recipes for networks of other frameworks run, and print what the page shows."""

import pytest

from tests.notes.pages import ROOT, stale_outputs

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning"),  # of Keras itself
]


@pytest.mark.usefixtures("keras", "torch")
def test_every_recipe_prints_what_the_page_shows() -> None:
    pytest.importorskip("safetensors", reason="needs safetensors")
    page = ROOT / "notes" / "bring-your-network.md"

    stale = stale_outputs(page, frameworks=True)

    assert not stale, "\n".join(map(str, stale))
