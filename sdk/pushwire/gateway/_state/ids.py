"""Ids: taken from outside, so that tests can set them."""

import base64
import re
import secrets
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["NewId", "is_connection_id", "random_id"]

NewId: TypeAlias = Callable[[], str]
"""Returns a new id on each call: of a connection, a request or a message."""

# 11 bytes: the shape of every id seen in transcripts of the real service. AWS documents no format.
_ID_BYTES = 11
_ID = re.compile(r"[A-Za-z0-9_-]{15}=")


def random_id() -> str:
    """Return a random id of 15 base64url characters and one `=`, as API Gateway's look."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_ID_BYTES)).decode("ascii")


def is_connection_id(text: str) -> bool:
    """Return whether `text` has the form of an API Gateway connection id."""
    return _ID.fullmatch(text) is not None
