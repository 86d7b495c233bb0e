"""The limits of connection stores, and the checks of their arguments."""

from collections.abc import Iterable, Mapping
from typing import Final

from pushwire.store.errors import TooManyTopicsError

__all__ = [
    "GONE_AGE",
    "LIFETIME",
    "MAX_TOPICS",
    "checked_attributes",
    "checked_ids",
    "checked_name",
    "checked_topics",
]

LIFETIME: Final = 2 * 3600 + 600
"""Seconds until a connection expires. API Gateway closes a connection after two hours, so no refresh is needed."""

GONE_AGE: Final = 30
"""Seconds. `gone` ignores younger connections. Why: API Gateway answers with 410 until `$connect` has returned, and its
integrations time out after 29 seconds ("Amazon API Gateway quotas")."""

MAX_TOPICS: Final = 100
"""The largest number of topics of one connection."""

_MAX_NAME: Final = 512
"""Bytes. DynamoDB's sort keys hold 1,024, which leaves room for prefixes."""


def checked_name(kind: str, name: object) -> str:
    """Return a name.

    Args:
        kind: What it names, for the error.
        name: The name.

    Raises:
        TypeError: It is not a string.
        ValueError: It is empty, too long, or not valid Unicode.
    """
    if not isinstance(name, str):
        raise TypeError(f"{kind} must be a string, not {type(name).__name__}")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise ValueError(f"{kind} has half of a surrogate pair, which UTF-8 does not allow: {name!r:.100}") from None
    if not 1 <= size <= _MAX_NAME:
        raise ValueError(f"{kind} must have 1 to {_MAX_NAME} bytes of UTF-8, not {size:,}: {name!r:.100}")
    return name


def checked_ids(connection_ids: Iterable[str]) -> list[str]:
    """Return connection ids without duplicates.

    Raises:
        TypeError: They are a string, or one of them is not a string.
        ValueError: One of them is empty, too long, or not valid Unicode.
    """
    return _checked_names("the connection ids", "a connection id", connection_ids)


def checked_topics(connection_id: str, topics: Iterable[str]) -> list[str]:
    """Return names of topics without duplicates.

    Raises:
        TooManyTopicsError: There are more than a connection can join.
        TypeError: They are a string, or one of them is not a string.
        ValueError: One of them is empty, too long, or not valid Unicode.
    """
    checked = _checked_names("topics=", "a topic", topics)
    if len(checked) > MAX_TOPICS:
        raise TooManyTopicsError(connection_id)
    return checked


def checked_attributes(attributes: Mapping[str, str] | None) -> dict[str, str]:
    """Return a copy of attributes.

    Raises:
        TypeError: They are not a mapping of strings.
        ValueError: A name is empty, too long, or not valid Unicode; or a value is not valid Unicode.
    """
    given: object = {} if attributes is None else attributes
    if not isinstance(given, Mapping):
        raise TypeError(f"attributes= must be a mapping of strings, not {type(given).__name__}")
    for name, value in given.items():
        shown = checked_name("the name of an attribute", name)
        if not isinstance(value, str):
            raise TypeError(f"the attribute {shown!r:.100} must be a string, not {type(value).__name__}")
        if value:
            _check_unicode(shown, value)
    return dict(given)


def _checked_names(kind: str, kind_of_one: str, names: Iterable[str]) -> list[str]:
    given: object = names
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise TypeError(f"{kind} must be an iterable of strings, such as a list, not {type(names).__name__}")
    return list(dict.fromkeys(checked_name(kind_of_one, name) for name in given))


def _check_unicode(name: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"the attribute {name!r:.100} has half of a surrogate pair, which UTF-8 does not allow"
        ) from None
