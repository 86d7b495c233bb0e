"""Sending of one message to many connections."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Generic, TypeVar

from google.protobuf.message import Message

from pushwire._log import logger
from pushwire.errors import SendError
from pushwire.operation import AnyOperation, Operation
from pushwire.server.options import CheckedOptions
from pushwire.server.pipeline import SendPipeline, is_gone
from pushwire.server.report import BroadcastReport, failure_counts, failure_text
from pushwire.store import ConnectionStore
from pushwire.transport.protocol import Transport

__all__ = ["Broadcast", "Outcomes", "send_to_many", "time_left"]

M = TypeVar("M", bound=Message)
R_co = TypeVar("R_co", covariant=True)


class Broadcast(Generic[R_co]):
    """Base of the generated `…Broadcast` classes, which `sdk.to(…)` returns: one method for each message.

    A method may be called more than once; the connection ids are iterated again each time. Ids are read as they are
    needed, so a generator of a million ids takes constant memory. Each connection gets its own outcome: an error is in
    the report and does not stop the other sends. Messages to one connection keep their order, within one broadcast and
    in successive ones.

    Every method raises:

    - `pushwire.PayloadTooLargeError`: the frame is larger than 131,072 bytes. It was not sent.
    - `pushwire.FrameError`: the message cannot be encoded. It was not sent.
    - `TypeError`: the message has the wrong type. It was not sent.
    - any exception of the iterable, `on_gone` or `on_outcome`, after the posts in flight have ended.

    Args:
        send: Sends a message of an operation to the recipients, and returns the result.
    """

    __slots__ = ("_send_to_recipients",)

    def __init__(self, send: Callable[[AnyOperation, Message], R_co]) -> None:
        self._send_to_recipients = send

    def _send(self, operation: Operation[M], message: M) -> R_co:
        """Send one message to the recipients. Every generated method calls it."""
        return self._send_to_recipients(operation, message)


def send_to_many(
    pipeline: SendPipeline[Transport],
    store: ConnectionStore | None,
    connection_ids: Iterable[str],
    options: CheckedOptions,
    operation: AnyOperation,
    message: Message | bytes,
) -> BroadcastReport:
    """Send one message, or its frame, to many connections, and remove those that are gone from the store."""
    started = time.monotonic()
    updates = None
    if store is not None:
        from pushwire.server.store_updates import StoreUpdates

        updates = StoreUpdates(store, pipeline.on_gone)
    outcomes = Outcomes(
        pipeline.with_on_gone(updates) if updates is not None else pipeline, options, operation, message
    )
    timeout: float | None = 0
    try:
        ids = outcomes.admitted(connection_ids)
        unsent = pipeline.result(pipeline.transport.post_many(ids, outcomes.data, options.fan_out, outcomes.add))
        timeout = time_left(options, started)
    finally:
        if updates is not None:
            updates.close(timeout)
    return outcomes.report(unsent)


def time_left(options: CheckedOptions, started: float) -> float | None:
    """Return the seconds until the deadline of a broadcast that started at this monotonic time, or `None`."""
    deadline = options.fan_out.deadline
    return None if deadline is None else max(0.0, started + deadline - time.monotonic())


class Outcomes:
    """Encodes the message of a broadcast, selects the connections to post to, and collects their outcomes.

    Attributes:
        data: The frame.
    """

    def __init__(
        self, pipeline: SendPipeline[Any], options: CheckedOptions, operation: AnyOperation, message: Message | bytes
    ) -> None:
        self.data: Final = message if isinstance(message, bytes) else pipeline.frame(operation, message, "many")
        pipeline.check_size(operation, self.data)
        self._pipeline = pipeline
        self._operation = operation
        self._skip = options.skip
        self._on_outcome = options.on_outcome
        self._accepted = 0
        self._gone: list[str] = []
        self._failed: list[SendError] = []

    def admitted(self, connection_ids: Iterable[str]) -> Iterator[str]:
        """Yield the connection ids to post to."""
        admits = self.admits
        for connection_id in connection_ids:
            if admits(connection_id):
                yield connection_id

    def admits(self, connection_id: str) -> bool:
        """Return whether to post to a connection, and add the outcome of one that is refused.

        Raises:
            TypeError: The connection id is not a string.
        """
        error = self._pipeline.refusal(connection_id)
        if connection_id in self._skip:
            return False
        if error is not None:
            self.add(connection_id, error)
        return error is None

    def add(self, connection_id: str, error: SendError | None) -> None:
        """Add an outcome, and notify `on_gone`, the observers and `on_outcome`."""
        if error is None:
            self._accepted += 1
        elif is_gone(error):
            self._gone.append(connection_id)
        else:
            self._failed.append(_without_frames(error))
        self._pipeline.notify(self._operation, connection_id, self.data, error)
        if self._on_outcome is not None:
            self._on_outcome(connection_id, error)

    def report(self, unsent: tuple[str, ...]) -> BroadcastReport:
        """Return the outcomes as a report. Failures are logged, because callers often ignore the report."""
        report = BroadcastReport(
            accepted=self._accepted, gone=tuple(self._gone), failed=tuple(self._failed), unsent=unsent
        )
        if report.failed:
            self._log_failures(report)
        return report

    def _log_failures(self, report: BroadcastReport) -> None:
        counts = {"accepted": report.accepted, "gone": len(report.gone), "unsent": len(report.unsent)}
        names = {"operation": str(self._operation), "route": self._operation.route}
        facts = {**names, **counts, "failed": len(report.failed), "errors": failure_counts(report)}
        logger("server").warning("%s: %s", self._operation, failure_text(report), extra=facts)


def _without_frames(error: SendError) -> SendError:
    # Why: tracebacks keep the local variables of their frames alive, and a report may hold very many errors.
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return error
