"""Say which version of this package runs, installed or not."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["package_version"]


def package_version() -> str:
    """Return the version of this package, if it is installed."""
    try:
        return version("im2col-cnn")
    except PackageNotFoundError:
        return "not installed"
