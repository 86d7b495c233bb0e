"""A listening socket, the TCP connections that came by it, and the work that goes on for them."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine

from pushwire.gateway._server.host import Peer
from pushwire.gateway.settings import Limits

__all__ = ["TcpListener"]

logger = logging.getLogger("pushwire.gateway")

_BACKLOG = 1024
_CHECKS_PER_LIMIT = 4
_STEP_SECONDS = 0.005


class TcpListener:
    """Accepts TCP connections, and ends everything in good order.

    Args:
        limits: How long peers may take.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._server: asyncio.Server | None = None
        self._peers: set[Peer] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timeout_check: asyncio.TimerHandle | None = None

    @property
    def listening(self) -> bool:
        """Whether `listen` was called, and went well."""
        return self._server is not None

    async def listen(self, address: str, port: int, make_protocol: Callable[[], asyncio.Protocol]) -> int:
        """Begin to listen, and return the port.

        Args:
            address: The address to bind.
            port: The port to bind; 0 takes a free one.
            make_protocol: Makes the protocol of a new connection.

        Raises:
            OSError: If the address cannot be bound.
            RuntimeError: If it was called before.
        """
        if self._server is not None:
            raise RuntimeError("a gateway starts once; make a new one")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(make_protocol, address, port, backlog=_BACKLOG)
        self._check_timeouts()
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def joined(self, peer: Peer) -> None:
        """Note a new TCP connection."""
        self._peers.add(peer)

    def left(self, peer: Peer) -> None:
        """Note that a TCP connection is closed, or is another peer's now."""
        self._peers.discard(peer)

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run something that `finish_work` will wait for."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def settled(self, sleepers: Callable[[], int]) -> None:
        """Wait until all work is done, but for what sleeps.

        Args:
            sleepers: Tells how much of it does.
        """
        while len(self._tasks) > sleepers():
            # Work may also fall asleep meanwhile, which nothing tells.
            await asyncio.wait(self._tasks, timeout=_STEP_SECONDS, return_when=asyncio.FIRST_COMPLETED)

    async def finish_work(self) -> bool:
        """Wait for the work that goes on, for as long as the limits say; what is left then is abandoned.

        Returns:
            Whether everything was done.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.shutdown_seconds
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

    async def stop(self) -> None:
        """Stop listening, and close every TCP connection."""
        if self._server is None:
            return
        await self._accept_no_more(self._server)
        if self._timeout_check is not None:
            self._timeout_check.cancel()
        await self._wait_for_peers()
        await self._server.wait_closed()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a fault of the local gateway itself", exc_info=error)

    def _check_timeouts(self) -> None:
        loop = asyncio.get_running_loop()
        for peer in tuple(self._peers):
            peer.check_timeouts(loop.time())
        limits = self._limits
        shortest = min(limits.request_seconds, limits.idle_seconds, limits.close_seconds)
        self._timeout_check = loop.call_later(shortest / _CHECKS_PER_LIMIT, self._check_timeouts)

    async def _accept_no_more(self, server: asyncio.Server) -> None:
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
        deadline = loop.time() + self._limits.close_seconds / _CHECKS_PER_LIMIT
        while True:
            # Connections end in callbacks of their own; one that was just accepted is only made in one, too.
            for peer in tuple(self._peers):
                peer.hang_up()
            await asyncio.sleep(_STEP_SECONDS)
            if not self._peers:
                return
            if loop.time() >= deadline:
                for peer in tuple(self._peers):
                    peer.abort()
