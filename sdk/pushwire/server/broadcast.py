"""One message to many clients: what generated `broadcast` methods stand on."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Iterator
from typing import Any, Final, TypeVar, Unpack

from google.protobuf.message import Message

from pushwire.errors import SendError
from pushwire.operation import AnyOperation, Operation
from pushwire.server.options import BroadcastOptions, fan_out_options
from pushwire.server.outgoing import Outgoing, is_gone
from pushwire.server.report import BroadcastReport
from pushwire.transport.protocol import Transport

__all__ = ["Broadcast", "Outcomes", "check_many"]

M = TypeVar("M", bound=Message)


class Broadcast:
    """Sends the messages of one service to many clients each; generated classes add a method for each message.

    Ids are drawn when there is room for them, so that a generator of a million runs in flat memory. Each gets one
    outcome, and none of them stops the rest: what fails is in the report, not raised. Two messages to one client never
    overtake one another, in one broadcast or in two made one after the other.

    Raises:
        pushwire.PayloadTooLargeError: The frame is over 131,072 bytes; nothing was sent.
        TypeError: The ids are one string, or an option is none, or has a wrong type; nothing was sent.
        ValueError: An option cannot be; nothing was sent.
        Exception: What drawing an id, `on_gone` or `on_outcome` raises, when what is in flight has ended.
    """

    __slots__ = ("_outgoing",)

    def __init__(self, outgoing: Outgoing[Transport]) -> None:
        self._outgoing = outgoing

    def _send(
        self,
        operation: Operation[M],
        connection_ids: Iterable[str],
        message: M,
        /,
        **options: Unpack[BroadcastOptions],
    ) -> BroadcastReport:
        """Send one message to many clients; the body of every generated method."""
        check_many(connection_ids, Iterable)
        outcomes = Outcomes(self._outgoing, operation, message, options)
        unsent = self._outgoing.transport.post_many(
            outcomes.admitted(connection_ids), outcomes.data, outcomes.options, outcomes.add
        )
        return outcomes.report(unsent)


class Outcomes:
    """Counts outcomes, and tells all who want to know.

    Attributes:
        options: The options, checked.
        data: The frame.
    """

    def __init__(self, outgoing: Outgoing[Any], operation: Operation[M], message: M, options: BroadcastOptions) -> None:
        self.options: Final = fan_out_options(**options)
        self.data: Final = outgoing.frame(operation, message, "many")
        outgoing.check_size(operation, self.data)
        self._outgoing = outgoing
        self._operation: AnyOperation = operation
        self._on_outcome = options.get("on_outcome")
        self._accepted = 0
        self._gone: list[str] = []
        self._failed: list[SendError] = []

    def admitted(self, connection_ids: Iterable[str]) -> Iterator[str]:
        """Draw ids, and refuse those that nothing can be sent to."""
        for connection_id in connection_ids:
            if self.admits(connection_id):
                yield connection_id

    def admits(self, connection_id: str) -> bool:
        """Whether anything can be sent to a connection; if not, that is its outcome.

        Raises:
            TypeError: It is no string.
        """
        error = self._outgoing.refusal(connection_id)
        if error is not None:
            self.add(connection_id, error)
        return error is None

    def add(self, connection_id: str, error: SendError | None) -> None:
        """Take note of an outcome."""
        if error is None:
            self._accepted += 1
        elif is_gone(error):
            self._gone.append(connection_id)
        else:
            self._failed.append(_without_frames(error))
        self._told(self._outgoing.ended(self._operation, connection_id, self.data, error))
        if self._on_outcome is not None:
            self._on_outcome(connection_id, error)

    def report(self, unsent: tuple[str, ...]) -> BroadcastReport:
        """Return what has come of all of them."""
        return BroadcastReport(
            accepted=self._accepted, gone=tuple(self._gone), failed=tuple(self._failed), unsent=unsent
        )

    def _told(self, result: object) -> None:
        """Take what `on_gone` has returned, which is nothing to wait for here."""


def check_many(connection_ids: object, *kinds: type) -> None:
    """See that something given for many connection ids is an iterable of one of these kinds.

    Raises:
        TypeError: It is not, or is one string.
    """
    if isinstance(connection_ids, str | bytes):
        raise TypeError(
            "a broadcast takes many connection ids, not one string: to send to one client, leave out `broadcast`"
        )
    if not isinstance(connection_ids, kinds):
        hint = ": for an async one, take the async SDK generated beside this one"
        raise TypeError(
            f"a broadcast takes an iterable of connection ids, not {type(connection_ids).__name__}"
            f"{hint if isinstance(connection_ids, AsyncIterable) else ''}"
        )


def _without_frames(error: SendError) -> SendError:
    """Let go of all that the frames of its tracebacks hold: a report may name very many errors."""
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return error
