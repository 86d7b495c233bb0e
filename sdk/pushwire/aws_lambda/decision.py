"""Whether a connection may open: only if `on_connect` says so, and nothing on the way there and back fails.

The decision is kept here and not in what interceptors return or raise, so that one that swallows an exception, or goes
on with another request, opens no door.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from pushwire._log import logger
from pushwire.aws_lambda.connect import ConnectionAccepted, ConnectionDenied
from pushwire.aws_lambda.errors import RouterError
from pushwire.aws_lambda.events import ConnectEvent
from pushwire.aws_lambda.interceptors import AnyRequest, CallNext, Interceptor
from pushwire.aws_lambda.request import ConnectRequest

__all__ = ["decide"]


def decide(
    request: ConnectRequest[Any], on_connect: Callable[[Any], Any] | None, interceptors: Sequence[Interceptor]
) -> ConnectionAccepted | int:
    """Run `on_connect`, if there is one, with the interceptors around it, and return what comes of it.

    Returns:
        That the connection is accepted, or the status code to deny it with: the one of `ConnectionDenied`, 500 for any
        other exception, 403 where the interceptors have not let the request through.
    """
    decision = _Decision(request.event, on_connect)
    call = decision.guard(decision.ask)
    for interceptor in reversed(interceptors):
        call = decision.guard(_around(interceptor, call))
    with contextlib.suppress(Exception):  # the decision has kept it
        call(request)
    return decision.outcome()


class _Decision:
    """What is known so far. The last failure stands: an interceptor may turn an error into a `ConnectionDenied`."""

    def __init__(self, event: ConnectEvent, on_connect: Callable[[Any], Any] | None) -> None:
        self._event = event
        self._on_connect = on_connect
        self._accepted: ConnectionAccepted | None = None
        self._failure: BaseException | None = None

    def guard(self, call: CallNext) -> CallNext:
        """Have a failure of this part of the chain denied, whatever becomes of it further out."""

        def guarded(request: AnyRequest) -> None:
            try:
                call(request)
            except BaseException as error:
                self._failure = error
                raise

        return guarded

    def ask(self, request: AnyRequest) -> None:
        """Ask `on_connect`; without one, every client may connect."""
        answer = self._on_connect(request) if self._on_connect is not None else None
        if answer is None:
            answer = ConnectionAccepted()
        elif not isinstance(answer, ConnectionAccepted):
            raise RouterError(
                f"on_connect returned {type(answer).__name__}: return None or ConnectionAccepted(subprotocol=…) to "
                "accept a connection, and raise ConnectionDenied(status_code=…) to deny it"
            )
        if answer.subprotocol is not None and answer.subprotocol not in self._event.subprotocols:
            raise RouterError(
                f"on_connect accepted the subprotocol {answer.subprotocol!r}, which the client does not offer: choose "
                "one of request.event.subprotocols, or none"
            )
        self._accepted = answer

    def outcome(self) -> ConnectionAccepted | int:
        """Return the decision, and log a denial."""
        connection_id = self._event.connection_id
        if isinstance(self._failure, ConnectionDenied):
            logger("aws_lambda").info("connection %s %s", connection_id, self._failure)
            return self._failure.status_code
        if self._failure is not None:
            logger("aws_lambda").error(
                "connection %s denied with 500: on_connect raised", connection_id, exc_info=self._failure
            )
            return 500
        if self._accepted is None:
            logger("aws_lambda").warning("connection %s denied with 403: no interceptor let it through", connection_id)
            return 403
        return self._accepted


def _around(interceptor: Interceptor, call_next: CallNext) -> CallNext:
    def run(request: AnyRequest) -> None:
        interceptor(request, call_next)

    return run
