"""The faults that the page can inject, by name and with their numbers. Pure."""

import dataclasses
import math
from typing import Final

from pushwire.gateway._console.contract import JsonObject
from pushwire.gateway._management.faults import (
    AnswerWith,
    Delay,
    DropPost,
    DropRequest,
    Duplicate,
    Fault,
    Faults,
    HandlerTimeout,
    Reorder,
    TruncateResponse,
)

__all__ = ["ConsoleCommandError", "inject", "serialize_kinds"]

_KINDS: Final[dict[str, type[Fault]]] = {
    kind.__name__: kind
    for kind in (AnswerWith, Delay, DropRequest, DropPost, TruncateResponse, Duplicate, Reorder, HandlerTimeout)
}
_MOST_USED: Final = {"status": 429, "seconds": 1}
"""The initial values of numbers that have no default in the fault's class."""


class ConsoleCommandError(Exception):
    """A command cannot be executed; the text says why."""


def serialize_kinds() -> list[JsonObject]:
    """Return the kinds of faults, each with its name, its description and the numbers that it takes."""
    return [
        {
            "kind": name,
            "description": (kind.__doc__ or "").partition("\n")[0],
            "numbers": [
                {
                    "name": field.name,
                    "default": _MOST_USED[field.name] if field.default is dataclasses.MISSING else field.default,
                }
                for field in dataclasses.fields(kind)
            ],
        }
        for name, kind in _KINDS.items()
    ]


def inject(
    faults: Faults,
    *,
    kind: str,
    numbers: JsonObject,
    connection_id: str | None,
    times: int | None,
    probability: object,
    only_replies: bool,
) -> None:
    """Inject a fault.

    Args:
        faults: The gateway's faults.
        kind: The name of the fault's class.
        numbers: The arguments of the fault, by name.
        connection_id: As in `Faults.inject`.
        times: As in `Faults.inject`.
        probability: As in `Faults.inject`.
        only_replies: As in `Faults.inject`.

    Raises:
        ConsoleCommandError: The kind is unknown, or a number is out of range.
    """
    fault = _KINDS.get(kind)
    if fault is None:
        raise ConsoleCommandError(f"unknown fault {kind!r}; the faults are {', '.join(_KINDS)}")
    try:
        faults.inject(
            fault(**_checked(fault, numbers)),
            connection_id=connection_id,
            times=times,
            probability=_number("probability", probability),
            only_replies=only_replies,
        )
    except (TypeError, ValueError) as error:
        raise ConsoleCommandError(str(error)) from error


def _checked(fault: type[Fault], numbers: JsonObject) -> JsonObject:
    checked = {name: _number(name, value) for name, value in numbers.items()}
    for field in dataclasses.fields(fault):
        if field.type is int and not isinstance(checked.get(field.name, 0), int):
            raise ValueError(f"{field.name} must be an integer, not {checked[field.name]}")
    return checked


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"{name} must be a number of at least 0, not {value!r:.40}")
    return value
