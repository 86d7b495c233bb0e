"""Loggers, made when something is logged: importing `logging` is a fifth of what a generated module imports."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger

__all__ = ["DEBUG", "logger"]

DEBUG = 10
"""`logging.DEBUG`."""


@cache
def logger(room: str) -> "Logger":
    """The logger `pushwire.{room}`."""
    import logging

    return logging.getLogger(f"pushwire.{room}")
