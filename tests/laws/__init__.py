"""Laws that hold for every operation."""
