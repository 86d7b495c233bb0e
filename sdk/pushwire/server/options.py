"""How a broadcast goes about it."""

import math
from collections.abc import Callable
from typing import TypedDict, Unpack

from pushwire._functions import is_async
from pushwire.errors import SendError
from pushwire.transport.protocol import FanOutOptions
from pushwire.transport.rate_limit import RateLimit

__all__ = ["BroadcastOptions", "fan_out_options"]


class BroadcastOptions(TypedDict, total=False):
    """The keyword arguments of every broadcast.

    Attributes:
        max_in_flight: How many posts may wait for their responses at once. By default the transport decides: the HTTP
            transports open connections while they wait more than they work, and boto3 uses up to 32 threads.
        rate_limit: The budget of requests, an object that other broadcasts may share; none unless given.
        deadline: In how many seconds to stop; when all ids are drawn unless given. Posts in flight then still end,
            within their own time-outs.
        on_outcome: Called with each id, and `None` where it was accepted or else the error; one call at a time.
    """

    max_in_flight: int
    rate_limit: RateLimit | None
    deadline: float | None
    on_outcome: Callable[[str, SendError | None], object] | None


def fan_out_options(**options: Unpack[BroadcastOptions]) -> FanOutOptions:
    """Check the options of a broadcast, before anything is sent.

    Raises:
        TypeError: There is no such option, or its value is of another type.
        ValueError: Its value cannot be.
    """
    unknown = sorted(options.keys() - BroadcastOptions.__annotations__.keys())
    if unknown:
        known = ", ".join(f"{name}=" for name in BroadcastOptions.__annotations__)
        raise TypeError(f"a broadcast has no option {unknown[0]}=: it has {known}")
    rate_limit: object = options.get("rate_limit")
    if rate_limit is not None and not isinstance(rate_limit, RateLimit):
        raise TypeError(f"rate_limit= takes RateLimit(per_second=…), not {type(rate_limit).__name__}")
    on_outcome: object = options.get("on_outcome")
    if on_outcome is not None and (not callable(on_outcome) or is_async(on_outcome)):
        raise TypeError("on_outcome= takes a plain function of an id and an error")
    return FanOutOptions(
        _max_in_flight(options["max_in_flight"]) if "max_in_flight" in options else None,
        rate_limit,
        _deadline(options.get("deadline")),
    )


def _max_in_flight(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"max_in_flight= takes a whole number of posts, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"max_in_flight= is at least 1, not {value}")
    return value


def _deadline(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"deadline= takes seconds from now, not {type(value).__name__}")
    if math.isnan(value):
        raise ValueError("deadline= takes seconds from now, not nan")
    return float(value)
