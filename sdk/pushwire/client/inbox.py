"""What arrives: from a frame to a message, and which clients have it. Sans-I/O."""

from collections.abc import Callable
from typing import Any

from pushwire import frame
from pushwire._log import debugs, logger
from pushwire.client.channels import Channel, Channels
from pushwire.client.errors import ClientError, GatewayError
from pushwire.client.events import UnknownEvent
from pushwire.client.status import Counters
from pushwire.errors import FrameError

__all__ = ["Inbox"]

_SHOWN_OF_A_FRAME = 200


class Inbox:
    """The clients that share one connection.

    Args:
        report: Is told of frames that cannot be decoded, and of API Gateway's errors.
        is_expected: Whether an error frame answers a keepalive, and is nobody's business.
        counters: Counts.
    """

    def __init__(
        self,
        report: Callable[[FrameError | GatewayError], object],
        is_expected: Callable[[frame.GatewayErrorFrame], bool],
        counters: Counters,
    ) -> None:
        self._report = report
        self._is_expected = is_expected
        self._counters = counters
        self._is_debugging = debugs("client")
        self._clients: tuple[Channels, ...] = ()
        self._end: tuple[Callable[[], ClientError], Callable[[], Exception]] | None = None
        self._by_route: dict[str, tuple[Channel[Any], ...]] = {}

    def attach(self, client: Channels) -> None:
        """Begin to give a client what it receives.

        Raises:
            ValueError: Another client on the connection receives something else under the same route.
        """
        for route, channel in client.by_route.items():
            for other in self._by_route.get(route, ()):
                if other.operation != channel.operation:
                    raise ValueError(
                        f"route {route!r} is claimed twice, by {other.operation} and by {channel.operation}: one "
                        "connection can carry each route once, so give one of them another in its contract"
                    )
        self._use((*self._clients, client))
        if self._end is not None:
            client.end(*self._end)

    def detach(self, client: Channels) -> None:
        """Give a client nothing more."""
        self._use(tuple(other for other in self._clients if other is not client))

    def received(self, data: str | bytes) -> None:
        """Decode a frame, and give its message to every client that knows it."""
        self._counters.received += 1
        if self._is_debugging:
            logger("client").debug("received: %r", data[:_SHOWN_OF_A_FRAME])
        try:
            envelope = frame.read(data)
            if isinstance(envelope, frame.GatewayErrorFrame):
                self._gateway_error(envelope)
                return
            channels = self._by_route.get(envelope.route)
            if channels is None:
                self._put(UnknownEvent(envelope.route, data))
                return
            message = envelope.message(channels[0].operation)
        except FrameError as error:
            self._report(error)
            return
        for channel in channels:
            channel.deliver(message)

    def end(self, waiting: Callable[[], ClientError], iterating: Callable[[], Exception]) -> None:
        """End all clients, and those to come; as `Channels.end`."""
        self._end = waiting, iterating
        for client in self._clients:
            client.end(waiting, iterating)

    def _use(self, clients: tuple[Channels, ...]) -> None:
        by_route: dict[str, tuple[Channel[Any], ...]] = {}
        for client in clients:
            for route, channel in client.by_route.items():
                by_route[route] = (*by_route.get(route, ()), channel)
        self._clients, self._by_route = clients, by_route

    def _gateway_error(self, answer: frame.GatewayErrorFrame) -> None:
        if not self._is_expected(answer):
            error = GatewayError(*answer)
            self._report(error)
            self._put(error)

    def _put(self, event: UnknownEvent | GatewayError) -> None:
        for client in self._clients:
            client.streams.put(event)
