"""Every way to the management API, so that one suite can ask the same of all of them."""

import asyncio
import time
from collections.abc import AsyncIterable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pushwire import SendError
from pushwire import connections as ways
from pushwire.connections import AsyncConnections, ConnectionInfo, Connections
from pushwire.connections.protocol import FanOutOptions

NAMES = {
    "boto3": "Boto3Connections",
    "async boto3": "AsyncBoto3Connections",
    "http": "HttpConnections",
    "async http": "AsyncHttpConnections",
}


class Sleeps:
    """Stands in for `time.sleep` and `asyncio.sleep`, and keeps what was asked of it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)

    async def on_loop(self, seconds: float) -> None:
        self.seconds.append(seconds)


@dataclass
class Implementation:
    """One of them, under a blocking surface.

    Attributes:
        name: One of `NAMES`.
        sleeps: The pauses between attempts, which are not waited for.
    """

    name: str
    sleeps: Sleeps = field(default_factory=Sleeps)
    _open: list[Connections] = field(default_factory=list)

    @property
    def is_http(self) -> bool:
        """Whether it is of our own HTTP."""
        return self.name.endswith("http")

    def connect(self, url: str, *, clock: Callable[[], float] = time.monotonic, **settings: Any) -> Connections:
        """Construct it; closed with the test."""
        constructor = getattr(ways, NAMES[self.name])
        if self.name.startswith("async"):
            connections: Connections = OnLoop(
                lambda: constructor(url, sleep=self.sleeps.on_loop, clock=clock, **settings)
            )
        else:
            connections = constructor(url, sleep=self.sleeps, clock=clock, **settings)
        self._open.append(connections)
        return connections

    def close(self) -> None:
        """Close all that was constructed."""
        for connections in self._open:
            connections.close()
            if isinstance(connections, OnLoop):
                connections.end()


class OnLoop:
    """`AsyncConnections` as `Connections`: each call runs the event loop until it has ended."""

    def __init__(self, construct: Callable[[], AsyncConnections]) -> None:
        self._connections = construct()
        self._runner = asyncio.Runner()

    def post(self, connection_id: str, data: bytes, /) -> None:
        self._runner.run(self._connections.post(connection_id, data))

    def post_many(
        self,
        connection_ids: Iterable[str] | AsyncIterable[str],
        data: bytes,
        options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        return self._runner.run(self._connections.post_many(connection_ids, data, options, on_outcome))

    def get(self, connection_id: str, /) -> ConnectionInfo:
        return self._runner.run(self._connections.get(connection_id))

    def delete(self, connection_id: str, /) -> None:
        self._runner.run(self._connections.delete(connection_id))

    def close(self) -> None:
        self._runner.run(self._connections.close())

    def end(self) -> None:
        """Close the event loop."""
        self._runner.close()
