"""Async dispatch: awaits the functions that a dispatcher selects. It is imported when an async router is made."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pushwire._event_loop import LOOP
from pushwire.aws_lambda.async_interceptors import async_chain
from pushwire.aws_lambda.decision import decide_async
from pushwire.aws_lambda.dispatcher import (
    OK,
    Answer,
    ConnectDecisions,
    DisconnectFailures,
    EventDispatcher,
    Invocation,
    Result,
    check_result,
    log_kept_connection,
)
from pushwire.aws_lambda.events import ConnectEvent, MessageEvent, typed_event
from pushwire.aws_lambda.interceptors import AnyRequest, is_refusal
from pushwire.aws_lambda.messages import is_keepalive
from pushwire.errors import ConnectionGoneError
from pushwire.store import StoredConnection

__all__ = ["dispatch_on_loop"]


def dispatch_on_loop(dispatcher: EventDispatcher, event: Mapping[str, Any], context: Any) -> Result:
    """Dispatch an event on the event loop of the process.

    Args:
        dispatcher: The dispatcher that selects the functions.
        event: An event of a WebSocket API.
        context: Lambda's context object.

    Returns:
        The proxy result for API Gateway.

    Raises:
        EventError: The event is not an event of a WebSocket API.
        RuntimeError: An event loop is running in this thread.
        Exception: The exception of a function for a message or for `$disconnect`, except `OperationError`.
        SendError: A reply could not be sent.
    """
    return LOOP.run(partial(_dispatch, dispatcher, event, context))


async def _dispatch(dispatcher: EventDispatcher, event: Mapping[str, Any], context: Any) -> Result:
    read = typed_event(event)
    if isinstance(read, MessageEvent):
        if is_keepalive(read):
            return {"statusCode": OK}
        from asyncio import CancelledError  # slow to import before the first event

        invocation = dispatcher.message(read, context)
        handle = _refuse if invocation.function is None else _call
        try:
            await async_chain(invocation.interceptors, partial(handle, invocation))(invocation.request)
            answer = invocation.completion()
        except (Exception, CancelledError) as error:  # a handler may await a task that was cancelled
            if not is_refusal(error):
                answer = invocation.failure()
                if answer is not None:
                    await _send(invocation, answer)
                raise
            answer = invocation.rejection(error)
        if answer is not None:
            await _send(invocation, answer)
        return {"statusCode": OK}
    if isinstance(read, ConnectEvent):
        decisions = ConnectDecisions(read, dispatcher.stores)
        for invocation in dispatcher.connect(read, context):
            outcome = await decide_async(invocation.request, invocation.function, invocation.interceptors)
            decisions.add(outcome, invocation.service.store)
            if decisions.denied is not None:
                break
        for store, accepted in decisions.to_store():
            try:
                await store.connect(
                    read.connection_id, user=accepted.user, attributes=accepted.attributes, topics=accepted.topics
                )
            except Exception as error:  # noqa: BLE001 - the connection is denied
                decisions.store_failed(error)
        for store in decisions.to_undo():
            try:
                await store.disconnect(read.connection_id)
            except Exception as error:  # noqa: BLE001 - the connection is denied all the same
                log_kept_connection(read, error)
        return decisions.result()
    connections: list[StoredConnection | None] = []
    for store in dispatcher.stores:
        connection = None
        try:
            connection = await store.disconnect(read.connection_id)
        except Exception as error:  # noqa: BLE001 - the connection has ended all the same
            log_kept_connection(read, error)
        connections.append(connection)
    failures = DisconnectFailures()
    for invocation in dispatcher.disconnect(read, context, connections):
        try:
            await async_chain(invocation.interceptors, partial(_call, invocation))(invocation.request)
        except Exception as error:  # noqa: BLE001 - raised after the other services have run
            failures.failed(invocation, error)
    return failures.result()


async def _call(invocation: Invocation, request: AnyRequest) -> None:
    if invocation.function is not None:
        check_result(invocation, request, await invocation.function(request))


async def _refuse(invocation: Invocation, _request: AnyRequest) -> None:
    """Send the error for a message that reaches no handler."""
    invocation.request._is_answered = True  # noqa: SLF001 - private, because handlers do not need it
    await _send(invocation, invocation.refusal())


async def _send(invocation: Invocation, answer: Answer) -> None:
    """Send the answer to a message.

    Raises:
        SendError: A reply could not be sent to a connection that has not ended.
        TypeError: `sdk=` of the router returned a wrong object.
    """
    request = invocation.request
    try:
        await invocation.service.sdk(request.event.raw)._post(answer.operation, request.connection_id, answer.data)  # noqa: SLF001 - as in requests
    except TypeError:  # `sdk=` returned a wrong object, which is a mistake in the application and not a lost frame
        raise
    except Exception as error:
        if answer.error is None and not isinstance(error, ConnectionGoneError):
            raise  # Why: otherwise a function that may not send would only be seen in the time-outs of clients.
        invocation.log_undelivered(answer, error)
