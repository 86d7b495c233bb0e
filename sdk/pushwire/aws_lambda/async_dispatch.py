"""Async dispatch: calls and awaits what a plan names. Loaded when an async router is made."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pushwire.aws_lambda.async_interceptors import async_chain
from pushwire.aws_lambda.decision import decide_async
from pushwire.aws_lambda.event_loop import LOOP
from pushwire.aws_lambda.events import ConnectEvent, MessageEvent
from pushwire.aws_lambda.interceptors import AnyRequest
from pushwire.aws_lambda.messages import is_keepalive
from pushwire.aws_lambda.plan import OK, Connecting, Disconnecting, Plan, Result, Step, check_result

__all__ = ["dispatch_on_loop"]


def dispatch_on_loop(plan: Plan, event: Mapping[str, Any], context: Any) -> Result:
    """Dispatch an event, on the event loop that is kept for the process's life.

    Raises:
        EventError: It is none of a WebSocket API.
        RuntimeError: An event loop is running in this thread.
        Exception: What a handler of a message or of `$disconnect` raises.
    """
    return LOOP.run(partial(_dispatch, plan, event, context))


async def _dispatch(plan: Plan, event: Mapping[str, Any], context: Any) -> Result:
    read = plan.event(event)
    if isinstance(read, MessageEvent):
        if is_keepalive(read):
            return {"statusCode": OK}
        step = plan.message(read, context)
        handle = _refuse if step.function is None else _call
        await async_chain(step.interceptors, partial(handle, step))(step.request)
        return {"statusCode": OK}
    if isinstance(read, ConnectEvent):
        connecting = Connecting(read)
        for step in plan.connect(read, context):
            connecting.add(await decide_async(step.request, step.function, step.interceptors))
            if connecting.denied is not None:
                break
        return connecting.result()
    disconnecting = Disconnecting()
    for step in plan.disconnect(read, context):
        try:
            await async_chain(step.interceptors, partial(_call, step))(step.request)
        except Exception as error:  # noqa: BLE001 - the others are told first, then it goes on its way
            disconnecting.failed(step, error)
    return disconnecting.result()


async def _call(step: Step, request: AnyRequest) -> None:
    if step.function is not None:
        check_result(step, request, await step.function(request))


async def _refuse(step: Step, request: AnyRequest) -> None:
    """Answer a message that reaches no handler."""
    data = step.refusal()
    try:
        sdk = step.service.sdk(request.event.raw)
        await sdk._post(None, request.connection_id, data)  # noqa: SLF001 - as in requests
    except Exception as error:  # noqa: BLE001 - the client is told or it is not; the message is refused all the same
        step.untold(error)
