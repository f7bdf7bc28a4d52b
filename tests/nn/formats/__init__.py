"""Tests of networks that come from other frameworks, and go there."""
