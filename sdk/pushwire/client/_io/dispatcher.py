"""Delivery of frames to the user's functions and iterations: decoding, subscriptions, listeners, error reports."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Final, Generic, TypeVar, cast

from google.protobuf.message import Message

from pushwire import frame
from pushwire._functions import name_of
from pushwire._log import debugs, logger
from pushwire.client._core.lifecycle import Counters
from pushwire.client._core.streams import ClosedError, Streams
from pushwire.client._io.tasks import ListenerTasks, is_cancelled
from pushwire.client.errors import ConnectFailedError, EventsLostError, GatewayError, ListenerError, OperationRefused
from pushwire.client.events import Event, UnknownEvent
from pushwire.errors import FrameError, PushwireError
from pushwire.operation import AnyOperation, Operation

__all__ = [
    "SHOWN_OF_A_FRAME",
    "Dispatcher",
    "ErrorReporter",
    "Report",
    "SerialListener",
    "Subscriptions",
    "listener_error",
]

M = TypeVar("M", bound=Message)
V = TypeVar("V")

SHOWN_OF_A_FRAME: Final = 200
"""The number of characters of a frame that are logged at DEBUG."""

Report = ConnectFailedError | EventsLostError | FrameError | GatewayError | ListenerError
"""The errors that are reported. Their texts never have a token, nor the content of a frame."""


class SerialListener(Generic[V]):
    """Function of the user that is called with values. If it is async, its calls run one after another.

    A listener that raises or is slow does not affect the others.

    Args:
        function: The function.
        operation: The operation whose messages it is called with. `None` for an error listener.
        bound: The number of calls that may wait for the running one.
        tasks: The tasks that run the calls of an async function.
        report: A function that is called with the exceptions of the function, and when calls were lost.
    """

    __slots__ = ("_bound", "_function", "_is_running", "_lost", "_operation", "_report", "_tasks", "_waiting")

    def __init__(
        self,
        function: Callable[[V], object],
        operation: AnyOperation | None,
        *,
        bound: int,
        tasks: ListenerTasks,
        report: Callable[[EventsLostError | ListenerError], object],
    ) -> None:
        if not callable(function):
            raise TypeError(f"a listener must be a function, not {type(function).__name__}")
        self._function = function
        self._operation = operation
        self._bound = bound
        self._tasks = tasks
        self._report = report
        self._waiting: deque[Awaitable[object]] = deque()
        self._is_running = False
        self._lost = 0

    def __call__(self, value: V) -> None:
        """Call the function, and report its exception."""
        try:
            result = self._function(value)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the other listeners are still called
            self._raised(error)
            return
        if result is not None and isinstance(result, Awaitable):
            self._await_in_turn(cast("Awaitable[object]", result))

    def _await_in_turn(self, result: Awaitable[object]) -> None:
        if len(self._waiting) >= self._bound:
            _discard(result)
            self._lost += 1
            if self._lost == 1:
                self._report(EventsLostError(f"the listener {name_of(self._function)}", 1))
            return
        self._waiting.append(result)
        if not self._is_running:
            self._is_running = True
            self._tasks.start(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._await(self._waiting.popleft())
        finally:
            self._is_running = False
            lost, self._lost = self._lost, 0
            if lost > 1:  # the first one has been reported
                self._report(EventsLostError(f"the listener {name_of(self._function)}", lost))
            while self._waiting:  # the task was cancelled
                _discard(self._waiting.popleft())

    async def _await(self, result: Awaitable[object]) -> None:
        try:
            await result
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            self._raised(error)
        except Exception as error:  # noqa: BLE001 - the next call still runs
            self._raised(error)

    def _raised(self, error: BaseException) -> None:
        self._report(listener_error(self._function, error, self._operation))


def listener_error(
    function: Callable[..., object], error: BaseException, operation: AnyOperation | None = None
) -> ListenerError:
    """Return the error to report for an exception of the user's function.

    Args:
        function: The function.
        error: The exception.
        operation: The operation of the message that it was called with. Defaults to `None`, no message.
    """
    report = ListenerError(name_of(function), operation)
    report.__cause__ = error
    return report


def _discard(result: Awaitable[object]) -> None:
    """Close an awaitable that will not be awaited, so that Python does not warn."""
    close = getattr(result, "close", None) or getattr(result, "cancel", None)
    if close is not None:
        close()


class ErrorReporter:
    """Reporter of errors that no call raises. It logs them and passes them to `on_error` listeners.

    Args:
        tasks: The tasks that run async listeners.
        bound: The number of calls of one listener that may wait.
        counters: The counters, which count the errors.
    """

    def __init__(self, tasks: ListenerTasks, bound: int, counters: Counters) -> None:
        self._tasks = tasks
        self._bound = bound
        self._counters = counters
        self._listeners: tuple[SerialListener[PushwireError], ...] = ()

    def listen(self, function: Callable[[PushwireError], object]) -> Callable[[], None]:
        """Add a listener, and return a function that removes it. Its own exceptions are only logged."""
        listener = SerialListener(function, None, bound=self._bound, tasks=self._tasks, report=_log)
        self._listeners = (*self._listeners, listener)

        def remove() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return remove

    def report(self, error: Report) -> None:
        """Log an error, and pass it to the listeners."""
        self._counters.errors += 1
        _log(error)
        for listener in self._listeners:
            listener(error)


def _log(error: Report) -> None:
    if isinstance(error, ListenerError):
        logger("client").error("%s", error, exc_info=error.__cause__)
    else:
        logger("client").warning("%s", error)


class Subscription(Generic[M]):
    """Receivers of one operation in one client: listeners, waiters, iterations.

    Args:
        operation: The operation.
        event: The class of its events.
        streams: The client's iterations.

    Attributes:
        operation: The operation.
    """

    __slots__ = ("_event", "_listeners", "_streams", "_waiters", "operation")

    def __init__(self, operation: Operation[M], event: type[Event[M]], streams: Streams[Any]) -> None:
        self.operation = operation
        self._event = event
        self._streams = streams
        self._listeners: tuple[Callable[[M], object], ...] = ()
        self._waiters: list[asyncio.Future[M]] = []

    def deliver(self, message: M) -> None:
        """Pass a message to all receivers."""
        for listener in self._listeners:
            listener(message)
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(message)
        if self._streams.active:
            self._streams.put(self._event(message))

    def listen(self, listener: Callable[[M], object]) -> Callable[[], None]:
        """Add a listener, and return a function that removes it."""
        self._listeners = (*self._listeners, listener)

        def remove() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return remove

    def wait(self, timeout: float | None) -> asyncio.Future[M]:
        """Return a future of the next message after this call.

        Args:
            timeout: Seconds after which the future raises `TimeoutError`. `None` for no limit.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[M] = loop.create_future()
        self._waiters.append(waiter)
        timer = None if timeout is None else loop.call_later(timeout, self._time_out, waiter, timeout)
        waiter.add_done_callback(partial(self._forget, timer))
        return waiter

    def end(self, closed_error: ClosedError) -> None:
        """Fail the waiters, because no message will follow."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            _fail(waiter, closed_error())

    def _time_out(self, waiter: asyncio.Future[M], timeout: float) -> None:
        _fail(waiter, TimeoutError(f"no {self.operation.name} within {timeout} s"))

    def _forget(self, timer: asyncio.TimerHandle | None, waiter: asyncio.Future[M]) -> None:
        if timer is not None:
            timer.cancel()
        if waiter in self._waiters:  # it was cancelled, or has timed out
            self._waiters.remove(waiter)


def _fail(waiter: asyncio.Future[Any], error: Exception) -> None:
    if not waiter.done():
        waiter.set_exception(error)
        # Why: a caller that gets an exception from a send first never awaits the future. asyncio would then log that
        # the exception was never retrieved.
        waiter.exception()


class Subscriptions:
    """All subscriptions of one client.

    Args:
        events: The operations, with the classes of their events.
        streams: The client's iterations.

    Attributes:
        by_route: The subscriptions, by route.
        streams: The client's iterations.
    """

    def __init__(self, events: Iterable[tuple[type[Event[Any]], AnyOperation]], streams: Streams[Any]) -> None:
        self.by_route = {operation.route: Subscription(operation, event, streams) for event, operation in events}
        self.streams = streams

    def of(self, operation: Operation[M]) -> Subscription[M]:
        """Return the subscription of an operation."""
        return cast("Subscription[M]", self.by_route[operation.route])

    def end(self, closed_error: ClosedError) -> None:
        """Fail all waiters, and end all iterations.

        Args:
            closed_error: Returns the reason, as a new error each time.
        """
        for subscription in self.by_route.values():
            subscription.end(closed_error)
        self.streams.end(closed_error)


class Dispatcher:
    """Decoder of frames, which passes their messages to the clients that share the connection.

    Args:
        report: A function that is called for frames that cannot be decoded, and for API Gateway's error frames.
        is_expected: A function that returns whether an error frame answers a keepalive. Such frames are dropped.
        replied: A function that is called with each reply.
        counters: The counters, which count the frames.
    """

    def __init__(
        self,
        report: Callable[[FrameError | GatewayError], object],
        is_expected: Callable[[frame.GatewayErrorFrame], bool],
        replied: Callable[[frame.Envelope], object],
        counters: Counters,
    ) -> None:
        self._report = report
        self._is_expected = is_expected
        self._replied = replied
        self._counters = counters
        self._is_debugging = debugs("client")
        self._clients: tuple[Subscriptions, ...] = ()
        self._closed_error: ClosedError | None = None
        self._by_route: dict[str, tuple[Subscription[Any], ...]] = {}

    def attach(self, client: Subscriptions) -> None:
        """Add a client.

        Raises:
            ValueError: Another client on the connection has a different operation with the same route.
        """
        for route, subscription in client.by_route.items():
            for other in self._by_route.get(route, ()):
                if other.operation != subscription.operation:
                    raise ValueError(
                        f"{other.operation} and {subscription.operation} have the same route {route!r}: set another "
                        "route for one of them in its contract, or use one connection for each client"
                    )
        self._use((*self._clients, client))
        if self._closed_error is not None:
            client.end(self._closed_error)

    def detach(self, client: Subscriptions) -> None:
        """Remove a client."""
        self._use(tuple(other for other in self._clients if other is not client))

    def received(self, data: str | bytes) -> None:
        """Decode a frame, and pass its message to every client that subscribes to it."""
        self._counters.received += 1
        if self._is_debugging:
            logger("client").debug("received: %r", data[:SHOWN_OF_A_FRAME])
        try:
            envelope = frame.read(data)
            if isinstance(envelope, frame.GatewayErrorFrame):
                self._gateway_error(envelope)
                return
            if envelope.reply_to is not None:
                self._replied(envelope)
                return
            if isinstance(envelope.error, FrameError):
                raise envelope.error
            subscriptions = self._by_route.get(envelope.route)
            if subscriptions is None:
                self._put(UnknownEvent(envelope.route, data))
                return
            message = envelope.message(subscriptions[0].operation)
        except FrameError as error:
            self._report(error)
            return
        for subscription in subscriptions:
            subscription.deliver(message)

    def end(self, closed_error: ClosedError) -> None:
        """End the subscriptions of all clients, and those of clients that are added later; see `Subscriptions.end`."""
        self._closed_error = closed_error
        for client in self._clients:
            client.end(closed_error)

    def _use(self, clients: tuple[Subscriptions, ...]) -> None:
        by_route: dict[str, tuple[Subscription[Any], ...]] = {}
        for client in clients:
            for route, subscription in client.by_route.items():
                by_route[route] = (*by_route.get(route, ()), subscription)
        self._clients, self._by_route = clients, by_route

    def _gateway_error(self, answer: frame.GatewayErrorFrame) -> None:
        if not self._is_expected(answer):
            text, connection_id, request_id, code = answer
            error = (
                GatewayError(text, connection_id, request_id)
                if code is None
                else OperationRefused(text, connection_id, request_id, code)
            )
            self._report(error)
            self._put(error)

    def _put(self, event: UnknownEvent | GatewayError) -> None:
        for client in self._clients:
            client.streams.put(event)
