"""A listening socket with its TCP connections and the tasks that run for them."""

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
    """Accepts TCP connections, runs their tasks, and closes them in order.

    Args:
        limits: The time-outs of peers.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._server: asyncio.Server | None = None
        self._peers: set[Peer] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timeout_check: asyncio.TimerHandle | None = None

    @property
    def listening(self) -> bool:
        """Whether `listen` has succeeded."""
        return self._server is not None

    async def listen(self, address: str, port: int, make_protocol: Callable[[], asyncio.Protocol]) -> int:
        """Start to listen, and return the port.

        Args:
            address: The address to bind.
            port: The port to bind; 0 takes a free one.
            make_protocol: Returns the protocol of a new connection.

        Raises:
            OSError: The address cannot be bound.
            RuntimeError: `listen` was called before.
        """
        if self._server is not None:
            raise RuntimeError("the gateway was started before; create a new LocalGateway")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(make_protocol, address, port, backlog=_BACKLOG)
        self._check_timeouts()
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def joined(self, peer: Peer) -> None:
        """Add a TCP connection."""
        self._peers.add(peer)

    def left(self, peer: Peer) -> None:
        """Remove a TCP connection that is closed, or that another protocol has taken over."""
        self._peers.discard(peer)

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run a coroutine as a task that `finish_work` waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def settled(self, sleepers: Callable[[], int]) -> None:
        """Wait for all tasks, except those that sleep on the gateway's clock.

        Args:
            sleepers: Returns the number of tasks that sleep.
        """
        while len(self._tasks) > sleepers():
            # Why poll: no event is raised when a task starts to sleep on the gateway's clock.
            await asyncio.wait(self._tasks, timeout=_STEP_SECONDS, return_when=asyncio.FIRST_COMPLETED)

    async def finish_work(self) -> bool:
        """Wait for the running tasks for at most `shutdown_seconds`, then cancel them.

        Returns:
            Whether all tasks have finished.
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
            logger.error("internal error of the local gateway", exc_info=error)

    def _check_timeouts(self) -> None:
        loop = asyncio.get_running_loop()
        for peer in tuple(self._peers):
            peer.check_timeouts(loop.time())
        limits = self._limits
        shortest = min(limits.request_seconds, limits.idle_seconds, limits.close_seconds)
        self._timeout_check = loop.call_later(shortest / _CHECKS_PER_LIMIT, self._check_timeouts)

    async def _accept_no_more(self, server: asyncio.Server) -> None:
        # Why: asyncio loses a connection that is being accepted while its server closes. So stop accepting, let the
        # accepted ones get their protocols, then close. (Windows cannot remove readers, so the race remains there.)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):
            for sock in server.sockets:
                loop.remove_reader(sock.fileno())
        await asyncio.sleep(_STEP_SECONDS)
        server.close()

    async def _wait_for_peers(self) -> None:
        """Wait shortly for peers to finish the closing handshake, then abort the remaining connections."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.close_seconds / _CHECKS_PER_LIMIT
        while True:
            # Why in a loop: connections end in later callbacks, and a just accepted one gets its protocol in one.
            for peer in tuple(self._peers):
                peer.hang_up()
            await asyncio.sleep(_STEP_SECONDS)
            if not self._peers:
                return
            if loop.time() >= deadline:
                for peer in tuple(self._peers):
                    peer.abort()
