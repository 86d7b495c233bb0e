"""Loggers that are made on first use, because importing `logging` is a fifth of a generated module's import time."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger

__all__ = ["debugs", "logger"]


@cache
def logger(package: str) -> Logger:
    """Return the logger `pushwire.{package}`."""
    import logging

    return logging.getLogger(f"pushwire.{package}")


def debugs(package: str) -> bool:
    """Return whether `pushwire.{package}` logs at DEBUG. If `logging` is not imported, no code can have enabled it."""
    return "logging" in sys.modules and logger(package).isEnabledFor(sys.modules["logging"].DEBUG)
