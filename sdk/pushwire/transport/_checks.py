"""Checks of the arguments of all transports: the type, the range, and the name in the error."""

from typing import Final

__all__ = ["check_flag", "check_region", "check_seconds", "check_whole_number"]

_MAX_SECONDS: Final = 86_400.0
"""One day. Every way to wait accepts this."""


def check_whole_number(name: str, value: object) -> int:
    """Check and return a number of connections or attempts.

    Args:
        name: The argument's name, for the error.
        value: The number, at least 1.

    Raises:
        TypeError: The value is not a whole number.
        ValueError: The value is below 1.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}= must be a whole number, not {value!r:.100}")
    if value < 1:
        raise ValueError(f"{name}= must be at least 1, not {value}")
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
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name}= must be a number of seconds, not {value!r:.100}")
    if not 0 < value <= _MAX_SECONDS:
        raise ValueError(f"{name}= must be above 0 and at most {_MAX_SECONDS:g} seconds, not {value}")
    return value


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


def check_region(region: object) -> None:
    """Check a region that the user gave. `None` is valid.

    Raises:
        TypeError: The region is not a string.
        ValueError: The region has characters that cannot be in a signature's scope.
    """
    if region is None:
        return
    if not isinstance(region, str):
        raise TypeError(f"region= must be a string such as 'eu-west-1', not {region!r:.100}")
    if not (region.isascii() and region.replace("-", "").isalnum()):
        raise ValueError(f"region= must be a name such as 'eu-west-1', not {region!r:.100}")
