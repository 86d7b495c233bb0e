"""How long to wait, whichever way the management API is called."""

from __future__ import annotations

from typing import Final

__all__ = ["DEFAULT_CONNECT_TIMEOUT", "DEFAULT_READ_TIMEOUT", "LONGEST_IDLE"]

DEFAULT_CONNECT_TIMEOUT: Final = 1.0
DEFAULT_READ_TIMEOUT: Final = 3.0

LONGEST_IDLE: Final = 30.0
"""Seconds after which a pooled connection is reopened: a frozen Lambda's peer may have closed it meanwhile."""
