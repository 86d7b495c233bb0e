"""Checks of the arguments of all public constructors: the type, the range, and the name in the error."""

from __future__ import annotations

import os
from typing import Final

__all__ = [
    "check_flag",
    "check_function",
    "check_number",
    "check_region",
    "check_seconds",
    "check_text",
    "check_whole_number",
    "not_a_connection_id",
    "region_of_environment",
]

_MAX_SECONDS: Final = 86_400.0
"""One day. Every way to wait accepts this."""

_INFINITY: Final = float("inf")


def check_whole_number(name: str, value: object, *, minimum: int = 1, maximum: float = _INFINITY) -> int:
    """Check and return a whole number.

    Args:
        name: The argument's name, for the error.
        value: The number.
        minimum: The smallest valid number. Defaults to 1.
        maximum: The largest valid number. Defaults to no limit.

    Raises:
        TypeError: The value is not a whole number.
        ValueError: The value is out of range.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}= must be a whole number, not {value!r:.100}")
    if not minimum <= value <= maximum:
        limit = f"at least {minimum}" if maximum == _INFINITY else f"from {minimum} to {maximum}"
        raise ValueError(f"{name}= must be {limit}, not {value}")
    return value


def check_number(name: str, value: object, *, above: float | None = None, what: str = "a number") -> float:
    """Check and return a number, which may be infinite.

    Args:
        name: The argument's name, for the error.
        value: The number.
        above: The bound that the number must exceed. Defaults to no bound.
        what: What the argument is, for the error.

    Raises:
        TypeError: The value is not a number.
        ValueError: The value is NaN, or not above the bound.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name}= must be {what}, not {value!r:.100}")
    if value != value:
        raise ValueError(f"{name}= must be {what}, not nan")
    if above is not None and value <= above:
        raise ValueError(f"{name}= must be above {above:g}, not {value}")
    return value


def check_seconds(name: str, value: object, default: float) -> float:
    """Check and return a time-out.

    Args:
        name: The argument's name, for the error.
        value: The seconds, above 0 and at most a day; `None` for the default.
        default: The default in seconds.

    Raises:
        TypeError: The value is not a number.
        ValueError: The value is out of range.
    """
    if value is None:
        return default
    seconds = check_number(name, value, what="a number of seconds")
    if not 0 < seconds <= _MAX_SECONDS:
        raise ValueError(f"{name}= must be above 0 and at most {_MAX_SECONDS:g} seconds, not {value}")
    return seconds


def check_flag(name: str, value: object) -> bool:
    """Check and return a setting that is on or off.

    Args:
        name: The argument's name, for the error.
        value: The setting.

    Raises:
        TypeError: The value is not a bool.
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name}= must be True or False, not {value!r:.100}")
    return value


def check_function(name: str, value: object) -> None:
    """Check a function or another object that can be called. A class is not valid.

    Args:
        name: The argument's name, for the error.
        value: The function.

    Raises:
        TypeError: The value cannot be called, or is a class.
    """
    if isinstance(value, type) or not callable(value):
        shown = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
        raise TypeError(f"{name}= must be a function, not {shown}")


def check_text(name: str, value: object, *, what: str = "a string") -> str:
    """Check and return a text without control characters.

    Args:
        name: The argument's name, for the error.
        value: The text.
        what: What the argument is, for the error.

    Raises:
        TypeError: The value is not a string.
        ValueError: The text has control characters, or half a surrogate pair.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name}= must be {what}, not {type(value).__name__}")
    if value and not value.isprintable():
        raise ValueError(f"{name}= must be {what} without control characters")
    return value


def not_a_connection_id(value: object) -> TypeError:
    """Return the error for a connection id that is not a string. Callers check each id themselves, which is faster."""
    return TypeError(f"a connection id must be a string, not {type(value).__name__}")


def check_region(region: object, name: str = "region=") -> None:
    """Check a region. `None` is valid.

    Args:
        region: The region.
        name: The source of the region, for the error. Defaults to the argument `region=`.

    Raises:
        TypeError: The region is not a string.
        ValueError: The region has characters that cannot be in a signature's scope.
    """
    if region is None:
        return
    if not isinstance(region, str):
        raise TypeError(f"{name} must be a string such as 'eu-west-1', not {region!r:.100}")
    if not (region.isascii() and region.replace("-", "").isalnum()):
        raise ValueError(f"{name} must be a name such as 'eu-west-1', not {region!r:.100}")


def region_of_environment() -> str | None:
    """Return the region in `AWS_REGION` or `AWS_DEFAULT_REGION`, or `None`.

    Raises:
        ValueError: The region has characters that no region has.
    """
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if region := os.environ.get(name):
            check_region(region, name)
            return region
    return None
