"""Loggers, made when something is logged: importing `logging` is a fifth of what a generated module imports."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger

__all__ = ["debugs", "logger"]


@cache
def logger(room: str) -> Logger:
    """The logger `pushwire.{room}`."""
    import logging

    return logging.getLogger(f"pushwire.{room}")


def debugs(room: str) -> bool:
    """Whether `pushwire.{room}` logs at DEBUG. Nobody can have asked for that where `logging` is not imported."""
    return "logging" in sys.modules and logger(room).isEnabledFor(sys.modules["logging"].DEBUG)
