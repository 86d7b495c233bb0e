"""Faults as the page tells and orders them: by name, with numbers. Pure."""

import dataclasses
import math
from typing import Final

from pushwire.gateway._console.contract import Told
from pushwire.gateway._management.faults import (
    AnswerWith,
    Delay,
    DropRequest,
    Duplicate,
    Fault,
    Faults,
    HandlerTimeout,
    Reorder,
    TruncateResponse,
)

__all__ = ["FaultOrderError", "inject", "tell_kinds"]

_KINDS: Final[dict[str, type[Fault]]] = {
    kind.__name__: kind
    for kind in (AnswerWith, Delay, DropRequest, TruncateResponse, Duplicate, Reorder, HandlerTimeout)
}
_MOST_USED: Final = {"status": 429, "seconds": 1}
"""What a number is at first, where the fault itself has no default."""


class FaultOrderError(Exception):
    """A fault cannot be injected; the text says why."""


def tell_kinds() -> list[Told]:
    """Return the faults that can be injected: their names, what happens, and the numbers that they take."""
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
    faults: Faults, *, kind: str, numbers: Told, connection_id: str | None, times: int | None, probability: object
) -> None:
    """Inject a fault.

    Args:
        faults: Where.
        kind: Its name.
        numbers: Its numbers, by name.
        connection_id: As in `Faults.inject`.
        times: As in `Faults.inject`.
        probability: As in `Faults.inject`.

    Raises:
        FaultOrderError: There is no such fault, or it cannot have these numbers.
    """
    fault = _KINDS.get(kind)
    if fault is None:
        raise FaultOrderError(f"there is no fault {kind!r}")
    try:
        faults.inject(
            fault(**_checked(fault, numbers)),
            connection_id=connection_id,
            times=times,
            probability=_number("probability", probability),
        )
    except (TypeError, ValueError) as error:
        raise FaultOrderError(str(error)) from error


def _checked(fault: type[Fault], numbers: Told) -> Told:
    checked = {name: _number(name, value) for name, value in numbers.items()}
    for field in dataclasses.fields(fault):
        if field.type is int and not isinstance(checked.get(field.name, 0), int):
            raise ValueError(f"{field.name}: a whole number is expected")
    return checked


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"{name}: a number is expected, 0 or more")
    return value
