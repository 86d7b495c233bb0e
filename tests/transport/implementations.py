"""Every way to the management API, so that one suite can ask the same of all of them."""

import asyncio
import time
from collections.abc import AsyncIterable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pushwire import SendError
from pushwire import transport as ways
from pushwire.transport import AsyncTransport, ConnectionInfo, Transport
from pushwire.transport.protocol import FanOutOptions

NAMES = {
    "boto3": "Boto3Transport",
    "async boto3": "AsyncBoto3Transport",
    "http": "HttpTransport",
    "async http": "AsyncHttpTransport",
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
    _open: list[Transport] = field(default_factory=list)

    @property
    def is_http(self) -> bool:
        """Whether it is of our own HTTP."""
        return self.name.endswith("http")

    def connect(self, url: str | None, *, clock: Callable[[], float] = time.monotonic, **settings: Any) -> Transport:
        """Construct it; closed with the test."""
        constructor = getattr(ways, NAMES[self.name])
        if self.name.startswith("async"):
            transport: Transport = OnLoop(lambda: constructor(url, sleep=self.sleeps.on_loop, clock=clock, **settings))
        else:
            transport = constructor(url, sleep=self.sleeps, clock=clock, **settings)
        self._open.append(transport)
        return transport

    def close(self) -> None:
        """Close the transports that were constructed."""
        for transport in self._open:
            transport.close()
            if isinstance(transport, OnLoop):
                transport.end()


class OnLoop:
    """`AsyncTransport` as `Transport`: each call runs the event loop until it has ended."""

    def __init__(self, construct: Callable[[], AsyncTransport]) -> None:
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
