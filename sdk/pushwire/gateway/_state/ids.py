"""Ids of connections, requests and messages. Their source is injected, so that tests can choose them."""

import base64
import re
import secrets
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["NewId", "is_connection_id", "random_id"]

NewId: TypeAlias = Callable[[], str]
"""Returns a new id of a connection, a request or a message on each call."""

# AWS documents no format. All ids in transcripts of the real service encode 11 bytes.
_ID_BYTES = 11
_ID = re.compile(r"[A-Za-z0-9_-]{15}=")


def random_id() -> str:
    """Return a random id in the form of API Gateway's ids: 15 base64url characters and one `=`."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_ID_BYTES)).decode("ascii")


def is_connection_id(text: str) -> bool:
    """Return whether `text` has the form of an API Gateway connection id."""
    return _ID.fullmatch(text) is not None
