"""The races between contestants."""
