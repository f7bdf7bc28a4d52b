"""Each operation against its definition."""
