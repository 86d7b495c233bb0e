"""The `$connect` decision of one service: runs `on_connect` with its interceptors.

A connection opens only if `on_connect` accepts it and no interceptor raises. The decision is recorded outside the
interceptors, so an interceptor that catches an exception, or passes on another request, cannot open a connection.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from pushwire._log import logger
from pushwire.aws_lambda.async_interceptors import AsyncCallNext, AsyncInterceptor, async_chain
from pushwire.aws_lambda.connect import ConnectionAccepted, ConnectionDenied
from pushwire.aws_lambda.errors import RouterError
from pushwire.aws_lambda.interceptors import AnyRequest, CallNext, Interceptor, chain, log_fields
from pushwire.aws_lambda.request import ConnectRequest

__all__ = ["decide", "decide_async"]


def decide(
    request: ConnectRequest[Any], on_connect: Callable[[Any], Any] | None, interceptors: Sequence[Interceptor]
) -> ConnectionAccepted | int:
    """Run `on_connect`, if there is one, with the interceptors around it.

    Args:
        request: The request of the client that connects.
        on_connect: The function. `None` to accept every client.
        interceptors: The interceptors, outermost first.

    Returns:
        The acceptance, or the status code of the denial: that of `ConnectionDenied`, 500 for any other exception, or
        403 if an interceptor did not call the next one.
    """
    decision = _Decision(request)

    def guarded(call: CallNext) -> CallNext:
        def run(request: AnyRequest) -> None:
            try:
                call(request)
            except BaseException as error:
                decision.failed(error)
                raise

        return run

    def ask(request: AnyRequest) -> None:
        decision.answered(on_connect(request) if on_connect is not None else None)

    call = guarded(ask)
    for interceptor in reversed(interceptors):
        call = guarded(chain([interceptor], call))
    with contextlib.suppress(Exception):  # recorded by `decision.failed`
        call(request)
    return decision.outcome()


async def decide_async(
    request: ConnectRequest[Any], on_connect: Callable[[Any], Any] | None, interceptors: Sequence[AsyncInterceptor]
) -> ConnectionAccepted | int:
    """Run an async `on_connect` with async interceptors, like `decide`."""
    decision = _Decision(request)

    def guarded(call: AsyncCallNext) -> AsyncCallNext:
        async def run(request: AnyRequest) -> None:
            try:
                await call(request)
            except BaseException as error:
                decision.failed(error)
                raise

        return run

    async def ask(request: AnyRequest) -> None:
        decision.answered(await on_connect(request) if on_connect is not None else None)

    call = guarded(ask)
    for interceptor in reversed(interceptors):
        call = guarded(async_chain([interceptor], call))
    with contextlib.suppress(Exception):  # recorded by `decision.failed`
        await call(request)
    return decision.outcome()


class _Decision:
    """Recorder of a decision. The last failure counts, because an interceptor may raise `ConnectionDenied` for it."""

    def __init__(self, request: ConnectRequest[Any]) -> None:
        self._request = request
        self._accepted: ConnectionAccepted | None = None
        self._failure: BaseException | None = None

    def failed(self, error: BaseException) -> None:
        """Record an exception. The connection is denied even if an outer interceptor catches it."""
        self._failure = error

    def answered(self, answer: object) -> None:
        """Record the result of `on_connect`. Without an `on_connect` it is `None`, which accepts every client.

        Args:
            answer: The result.

        Raises:
            RouterError: The result is not a decision, the client does not offer its subprotocol, or it needs a store.
        """
        if answer is None:
            answer = ConnectionAccepted()
        elif not isinstance(answer, ConnectionAccepted):
            raise RouterError(
                f"on_connect returned {type(answer).__name__}: return None or ConnectionAccepted(subprotocol=…) to "
                "accept a connection, and raise ConnectionDenied(status_code=…) to deny it"
            )
        if answer.subprotocol is not None and answer.subprotocol not in self._request.event.subprotocols:
            raise RouterError(
                f"on_connect chose the subprotocol {answer.subprotocol!r}, which the client does not offer: choose "
                "one of request.event.subprotocols, or None"
            )
        if self._request._store is None and answer[1:] != ConnectionAccepted()[1:]:  # noqa: SLF001
            raise RouterError(
                "on_connect returned a user, attributes or topics, and the router has no store: pass store= to it"
            )
        if isinstance(answer.topics, str):
            raise RouterError(f"topics= of ConnectionAccepted must be a list of topics, not {answer.topics!r:.100}")
        self._accepted = answer

    def outcome(self) -> ConnectionAccepted | int:
        """Return the decision, and log a denial."""
        connection_id, fields = self._request.connection_id, log_fields(self._request)
        if isinstance(self._failure, ConnectionDenied):
            logger("aws_lambda").info("connection %s %s", connection_id, self._failure, extra=fields)
            return self._failure.status_code
        if self._failure is not None:
            logger("aws_lambda").error(
                "connection %s denied with 500: on_connect raised", connection_id, exc_info=self._failure, extra=fields
            )
            return 500
        if self._accepted is None:
            logger("aws_lambda").warning(
                "connection %s denied with 403: an interceptor did not call call_next", connection_id, extra=fields
            )
            return 403
        return self._accepted
