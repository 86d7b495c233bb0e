"""Starting and stopping a local gateway on a running event loop."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Collection, Coroutine, Mapping
from types import TracebackType
from typing import Self

from pushwire.gateway.api import WebSocketApi
from pushwire.gateway.connections import Registry
from pushwire.gateway.events import ApiIdentity, EventBuilder
from pushwire.gateway.handlers import Handler, HandlerPool
from pushwire.gateway.ids import Clock, NewId, random_id
from pushwire.gateway.management import ManagementApi
from pushwire.gateway.protocol import GatewayProtocol
from pushwire.gateway.routes import route_table
from pushwire.gateway.settings import GatewaySettings
from pushwire.gateway.websocket import SERVICE_RESTART

__all__ = ["LocalGateway"]

logger = logging.getLogger("pushwire.gateway")

_BACKLOG = 1024
_SWEEPS_PER_LIMIT = 4
_STEP_SECONDS = 0.005


class LocalGateway:
    """An API Gateway WebSocket API on this machine; an async context manager.

        async with LocalGateway(handler) as gateway:
            print(gateway.url, gateway.callback_url)

    Handlers run in threads. A handler's exceptions are logged to `pushwire.gateway`.

    Args:
        handler: A Lambda handler. If it has an attribute `operations`, the inbound ones are its routes; if not, it
            receives every message. It serves `$connect`, `$disconnect` and `$default` too. `None` if `routes` has all.
        routes: Handlers of single routes, by route key; they come before `handler`.
        without: Those of `$connect`, `$disconnect` and `$default` that the API does not have.
        settings: Where to listen, and limits.
        clock: The time of day, in seconds since the epoch.
        new_id: Makes connection, request and message ids.

    Raises:
        RouteError: If the routes cannot work.
    """

    def __init__(
        self,
        handler: Handler | None,
        *,
        routes: Mapping[str, Handler] | None = None,
        without: Collection[str] = (),
        settings: GatewaySettings | None = None,
        clock: Clock = time.time,
        new_id: NewId = random_id,
    ) -> None:
        self._routes = route_table(handler, routes=routes, without=without)
        self.settings = settings or GatewaySettings()
        self.clock = clock
        self.new_id = new_id
        self.registry = Registry()
        self.management = ManagementApi(self.registry, clock=clock)
        self.stopping = False
        self._server: asyncio.Server | None = None
        self._protocols: set[GatewayProtocol] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: If the address cannot be bound.
            RuntimeError: If it was started before.
        """
        if self._server is not None:
            raise RuntimeError("a gateway starts once; make a new one")
        loop = asyncio.get_running_loop()
        address, port = self.settings.listen_address, self.settings.port
        self._server = await loop.create_server(lambda: GatewayProtocol(self), address, port, backlog=_BACKLOG)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._pool = HandlerPool(threads=self.settings.limits.handler_threads)
        identity = ApiIdentity(self.settings.api_id, self.settings.stage, self.domain_name)
        self.api = WebSocketApi(
            self._routes,
            pool=self._pool,
            registry=self.registry,
            events=EventBuilder(identity, clock=self.clock, new_id=self.new_id),
            clock=self.clock,
            new_id=self.new_id,
        )
        self._sweep()

    async def stop(self) -> bool:
        """Close every connection (1012), wait for the handlers that run, and stop listening.

        Returns:
            Whether every handler has returned. One that has not within `shutdown_seconds` is abandoned in its thread,
            with a warning.
        """
        if self._server is None or self.stopping:
            return True
        self.stopping = True
        # Handlers of $disconnect may still post to this gateway: it answers until they have returned.
        for connection in self.registry:
            connection.channel.close(SERVICE_RESTART.code, SERVICE_RESTART.reason)
        idle = await self._wait_for_handlers()
        await self._stop_listening(self._server)
        if self._sweeper is not None:
            self._sweeper.cancel()
        await self._wait_for_peers()
        await self._server.wait_closed()
        self._pool.close()
        if idle:
            self._pool.join()
        return idle

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def domain_name(self) -> str:
        """The loopback host and the port, as events carry it; known once it listens."""
        return f"{self.settings.loopback_host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL that clients connect to; known once it listens."""
        return f"ws://{self.domain_name}/{self.settings.stage}"

    @property
    def callback_url(self) -> str:
        """The URL that servers post to; known once it listens."""
        return f"http://{self.domain_name}/{self.settings.stage}"

    @property
    def route_keys(self) -> tuple[str, ...]:
        """The route keys that are known, in order."""
        return self._routes.keys

    # For the connections

    def joined(self, protocol: GatewayProtocol) -> None:
        """Note a new TCP connection."""
        self._protocols.add(protocol)

    def left(self, protocol: GatewayProtocol) -> None:
        """Note that a TCP connection is closed."""
        self._protocols.discard(protocol)

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run something that `stop` will wait for."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a fault of the local gateway itself", exc_info=error)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for protocol in tuple(self._protocols):
            protocol.sweep(loop.time())
        limits = self.settings.limits
        shortest = min(limits.request_seconds, limits.idle_seconds, limits.close_seconds)
        self._sweeper = loop.call_later(shortest / _SWEEPS_PER_LIMIT, self._sweep)

    async def _wait_for_handlers(self) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.settings.limits.shutdown_seconds
        while self._tasks and (left := deadline - loop.time()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        if not self._tasks:
            return True
        logger.warning("%d handlers still run; they are abandoned", len(self._tasks))
        stuck = tuple(self._tasks)
        for task in stuck:
            task.cancel()
        await asyncio.wait(stuck)
        return False

    async def _stop_listening(self, server: asyncio.Server) -> None:
        # asyncio loses a connection whose acceptance is half done when its server closes: accept no more, let those
        # be made, then close. (Where readers cannot be removed, on Windows, that race stays.)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):
            for sock in server.sockets:
                loop.remove_reader(sock.fileno())
        await asyncio.sleep(_STEP_SECONDS)
        server.close()

    async def _wait_for_peers(self) -> None:
        """Give peers a moment to finish the closing handshake, then drop what is left."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.settings.limits.close_seconds / _SWEEPS_PER_LIMIT
        while True:
            # Connections end in callbacks of their own; one that was just accepted is only made in one, too.
            for protocol in tuple(self._protocols):
                protocol.hang_up()
            await asyncio.sleep(_STEP_SECONDS)
            if not self._protocols:
                return
            if loop.time() >= deadline:
                for protocol in tuple(self._protocols):
                    protocol.abort()
