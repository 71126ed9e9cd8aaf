"""Homalos: a trading daemon for Chinese futures."""

from pathlib import Path

__all__ = ["__version__", "defaults_dir", "examples_dir"]

__version__ = "0.1.0"


def defaults_dir() -> Path:
    """Folder of the shipped config files."""
    return _shipped_root() / "config"


def examples_dir() -> Path:
    """Folder of the shipped example strategies."""
    return _shipped_root() / "strategies"


def _shipped_root() -> Path:
    """The clone that Homalos runs from, or what a wheel carries inside the package."""
    package = Path(__file__).resolve().parent
    in_wheel = package / "_shipped"
    return in_wheel if in_wheel.is_dir() else package.parents[1]
