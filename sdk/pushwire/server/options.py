"""The options of a broadcast, and their checks."""

from collections.abc import AsyncIterable, Callable, Collection, Mapping
from typing import NamedTuple, TypedDict

from pushwire._checks import check_number, check_seconds, check_whole_number
from pushwire._functions import is_async, name_of
from pushwire.errors import SendError
from pushwire.transport.protocol import FanOutOptions
from pushwire.transport.rate_limit import RateLimit

__all__ = [
    "BroadcastOptions",
    "CheckedFanoutOptions",
    "CheckedOptions",
    "FanoutOptions",
    "check_connection_ids",
    "check_fanout_options",
    "check_options",
]


class BroadcastOptions(TypedDict, total=False):
    """Options of a broadcast: the keyword arguments of `sdk.to`.

    Attributes:
        max_in_flight: The largest number of posts that wait for their response at the same time. By default the
            transport decides: the HTTP transports open connections while they wait more than they work, and the boto3
            transports use up to 32 threads. A number above the transport's connections is a `ValueError`.
        rate_limit: The budget of requests. Broadcasts that use the same object share it. Defaults to no limit.
        deadline: Seconds from the start of the send after which no more posts are started. Posts in flight still
            complete, within the transport's own time-outs. Defaults to no deadline.
        on_outcome: A function that is called with each connection id, and with `None` if the message was accepted or
            else with the error. It is never called by two threads at once. It must not be async.
        skip: Connection ids that are not sent to, such as the sender's own. They are not counted anywhere: not as
            `accepted`, `gone`, `failed` or `unsent`, and `on_outcome` is not called for them. Defaults to none.
    """

    max_in_flight: int
    rate_limit: RateLimit | None
    deadline: float | None
    on_outcome: Callable[[str, SendError | None], object] | None
    skip: Collection[str]


class FanoutOptions(TypedDict, total=False):
    """Options of a broadcast that other processes carry out: the keyword arguments of `sdk.to` beside `via`.

    Attributes:
        expires_in: Seconds after which the message is not sent any more to recipients that it has not reached. It must
            exceed the visibility timeout of the queue, and be at most a day. Defaults to 900.
        skip: Connection ids that are not sent to, such as the sender's own. They are not counted. Defaults to none.
    """

    expires_in: float
    skip: Collection[str]


_DEFAULT_EXPIRES_IN = 900.0
"""Seconds: five times the visibility timeout of the queue that `pushwire.cdk.Fanout` makes."""


class CheckedOptions(NamedTuple):
    """The options of a broadcast after their checks, as sending uses them.

    Attributes:
        fan_out: The options that the transport applies.
        skip: The connection ids that are not sent to.
        on_outcome: The function that is called with each outcome.
    """

    fan_out: FanOutOptions
    skip: frozenset[str]
    on_outcome: Callable[[str, SendError | None], object] | None


def check_options(options: BroadcastOptions) -> CheckedOptions:
    """Check the options of a broadcast.

    Raises:
        TypeError: An option is unknown or has the wrong type.
        ValueError: An option is out of range.
    """
    _check_names("to()", options, BroadcastOptions)
    rate_limit: object = options.get("rate_limit")
    if rate_limit is not None and not isinstance(rate_limit, RateLimit):
        raise TypeError(f"rate_limit= must be RateLimit(per_second=…), not {type(rate_limit).__name__}")
    on_outcome = options.get("on_outcome")
    if on_outcome is not None and not _is_plain_function(on_outcome):
        shown = f"the async {name_of(on_outcome)}" if is_async(on_outcome) else type(on_outcome).__name__
        raise TypeError(f"on_outcome= must be a function of (connection_id, error) that is not async, not {shown}")
    deadline = options.get("deadline")
    return CheckedOptions(
        FanOutOptions(
            check_whole_number("max_in_flight", options["max_in_flight"]) if "max_in_flight" in options else None,
            rate_limit,
            None if deadline is None else float(check_number("deadline", deadline, what="a number of seconds")),
        ),
        _skip(options.get("skip", ())),
        on_outcome,
    )


class CheckedFanoutOptions(NamedTuple):
    """The options of a broadcast by other processes after their checks.

    Attributes:
        expires_in: Seconds after which the message is not sent any more.
        skip: The connection ids that are not sent to.
    """

    expires_in: float
    skip: frozenset[str]


def check_fanout_options(options: FanoutOptions) -> CheckedFanoutOptions:
    """Check the options of a broadcast by other processes.

    Raises:
        TypeError: An option is unknown or has the wrong type.
        ValueError: An option is out of range.
    """
    _check_names("to() with via=", options, FanoutOptions)
    expires_in = check_seconds("expires_in", options.get("expires_in"), _DEFAULT_EXPIRES_IN)
    return CheckedFanoutOptions(float(expires_in), _skip(options.get("skip", ())))


def check_connection_ids(connection_ids: object, *kinds: type) -> None:
    """Check that an argument for many connection ids is an iterable of one of these kinds.

    Raises:
        TypeError: It is a string, or another type.
    """
    if isinstance(connection_ids, str | bytes):
        raise TypeError(
            f"to() takes an iterable of connection ids, not {type(connection_ids).__name__}: to send to one "
            "connection, call the method of the SDK itself with its id"
        )
    if not isinstance(connection_ids, kinds):
        name = type(connection_ids).__name__
        hint = ": an async iterable needs the async SDK" if isinstance(connection_ids, AsyncIterable) else ""
        raise TypeError(f"to() takes an iterable of connection ids, not {name}{hint}")


def _check_names(call: str, options: Mapping[str, object], kind: type) -> None:
    known = list(kind.__annotations__)
    unknown = options.keys() - set(known)
    if not unknown:
        return
    from difflib import get_close_matches  # only for this error

    name = min(unknown)
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}=?" if close else f"its options are {', '.join(f'{option}=' for option in known)}"
    raise TypeError(f"{call} has no option {name}=: {hint}")


def _is_plain_function(value: object) -> bool:
    return callable(value) and not is_async(value)


def _skip(value: Collection[str]) -> frozenset[str]:
    given: object = value
    if isinstance(given, str | bytes) or not isinstance(given, Collection):
        raise TypeError(
            f"skip= must be a collection of connection ids, such as [connection_id], not {type(value).__name__}"
        )
    return frozenset(value)
