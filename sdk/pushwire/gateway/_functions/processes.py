"""Handlers that run in processes of their own, as the instances of a Lambda function do."""

import functools
import json
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from pushwire.gateway._functions.context import LambdaContext
from pushwire.gateway._functions.handlers import Handler, InstanceError, call_handler
from pushwire.gateway._functions.loading import HandlerLoadError, load_handler
from pushwire.gateway._state.events import LambdaEvent
from pushwire.gateway._state.results import Failed, serialized

__all__ = ["in_processes"]

logger = logging.getLogger("pushwire.gateway")

_END_SECONDS = 5.0


def in_processes(handler: Handler, path: str, set_up: Callable[[], None]) -> Handler:
    """Return a handler that calls another one in a process of its own: one process for each thread that calls it.

    A process starts with its first event, and ends with its thread. One that ends earlier is replaced at the next
    event, as Lambda replaces an execution environment.

    Args:
        handler: The handler, as this process has loaded it, for its name and its operations.
        path: The name of the handler, `module:attribute`.
        set_up: A function that each process calls first. It must be picklable.
    """
    local = threading.local()

    @functools.wraps(handler, updated=())
    def call(event: LambdaEvent, context: LambdaContext) -> object:
        instance: _Process | None = getattr(local, "instance", None)
        if instance is None:
            instance = local.instance = _Process(path, set_up)
        try:
            answer = instance.call(event, context)
        except (EOFError, OSError):
            local.instance = None
            answer = Failed(f"its process ended with exit code {instance.exit_code()}")
            logger.error("%s: the handler did not return: %s", event["requestContext"]["routeKey"], answer.reason)  # noqa: TRY400 - no traceback of the user's
        if isinstance(answer, Failed):
            raise InstanceError(answer.reason)
        return json.loads(answer)

    operations = getattr(handler, "operations", None)
    if operations is not None:
        call.__dict__["operations"] = operations
    return call


class _Invocation(NamedTuple):
    """An event with the values of its context."""

    event: LambdaEvent
    function: str
    arn: str
    request_id: str
    milliseconds: int


class _Process:
    """One instance of a handler."""

    def __init__(self, path: str, set_up: Callable[[], None]) -> None:
        # Why spawn: a forked process has copies of the locks and the sockets of this one.
        spawn = multiprocessing.get_context("spawn")
        self._connection, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=[path, set_up, theirs], daemon=True)
        self._process.start()
        theirs.close()

    def call(self, event: LambdaEvent, context: LambdaContext) -> str | Failed:
        left = context.get_remaining_time_in_millis()
        invocation = _Invocation(
            event, context.function_name, context.invoked_function_arn, context.aws_request_id, left
        )
        self._connection.send(invocation)
        answer: str | Failed = self._connection.recv()
        return answer

    def exit_code(self) -> int | None:
        self._process.join(_END_SECONDS)
        return self._process.exitcode


def _serve(path: str, set_up: Callable[[], None], connection: "Connection[Any, Any]") -> None:
    """Run a handler in this process, in its main thread, until the gateway closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes, and the gateway ends its own ones
    threading.Thread(target=_exit_with_the_gateway, daemon=True).start()
    set_up()
    os.environ["AWS_LAMBDA_LOG_STREAM_NAME"] = f"local/[$LATEST]{uuid.uuid4().hex}"
    try:
        handler = load_handler(path)
    except HandlerLoadError as error:
        sys.exit(f"{error.user_traceback}{error}")
    while True:
        try:
            invocation: _Invocation = connection.recv()
        except EOFError:
            return
        context = LambdaContext(
            invocation.function,
            invoked_function_arn=invocation.arn,
            deadline=time.time() + invocation.milliseconds / 1000,
            clock=time.time,
            aws_request_id=invocation.request_id,
            log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        )
        connection.send(call_handler(handler, invocation.event, context, serialized))


def _exit_with_the_gateway() -> None:
    """End this process when the gateway's process has ended, even if the handler still runs."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
