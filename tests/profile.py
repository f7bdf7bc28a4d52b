"""Say how much the tests look at: some of it each time, or all of it in the ci profile.

What Hypothesis draws follows the profile by itself. A test that picks from a list asks
here, and is marked as `drawn`: ``pytest -m drawn`` runs what differs from profile to
profile.
"""

import os

import pytest

__all__ = ["IN_FULL", "drawn", "in_full"]

IN_FULL = os.environ.get("HYPOTHESIS_PROFILE") == "ci"

drawn = pytest.mark.drawn
in_full = pytest.mark.skipif(not IN_FULL, reason="takes long: only in the ci profile")
