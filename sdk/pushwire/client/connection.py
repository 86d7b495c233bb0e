"""A connection that stays: what a client has, and what the clients of several services share."""

import asyncio
from collections.abc import Callable, Generator
from dataclasses import asdict
from types import TracebackType
from typing import Any, Final, Self, Unpack

from pushwire.client.handshake import Handshake
from pushwire.client.link import Link
from pushwire.client.reports import Reports
from pushwire.client.runners import Runners
from pushwire.client.settings import ConnectionOptions, settings_of
from pushwire.client.status import Counters, Status
from pushwire.client.url import check_url
from pushwire.errors import PushwireError

__all__ = ["Connection"]


class Connection:
    """A WebSocket connection that stays, for the clients of several services.

        async with Connection("wss://…", auth=IamAuth()) as connection:
            chat, presence = ChatClient(connection=connection), PresenceClient(connection=connection)

    A client alone makes its own: `ChatClient("wss://…")`. All of it belongs to one event loop.

    Args:
        url: `wss://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with its mapping key, or what
            `pushwire dev` prints.
        options: As in `ConnectionOptions`.

    Attributes:
        link: What clients stand on; not for others.

    Raises:
        ClientUrlError: The URL cannot work.
        TypeError: There is no such option, or its value is of another type.
        ValueError: The value of an option cannot be.
    """

    def __init__(self, url: str, **options: Unpack[ConnectionOptions]) -> None:
        check_url(url)
        self._address = Handshake(url).address
        self._counters = Counters()
        self._closing: asyncio.Task[None] | None = None
        settings = settings_of(**options)
        reports = Reports(Runners(), settings.max_events, self._counters)
        self.link: Final = Link(url, settings, reports, self._counters)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._address} {self.link.lifecycle.state.value}>"

    @property
    def status(self) -> Status:
        """What it is doing, and what it has done so far."""
        lifecycle = self.link.lifecycle
        return Status(
            state=lifecycle.state,
            connections=lifecycle.connections,
            failed_attempts=lifecycle.attempts,
            queued=self.link.writer.queued,
            last_closed=lifecycle.last_closed,
            **asdict(self._counters),
        )

    def on_error(self, listener: Callable[[PushwireError], object]) -> Callable[[], None]:
        """Have a function called with whatever goes wrong and is raised nowhere.

        That is: a `GatewayError`; a `pushwire.FrameError`, for a frame that cannot be decoded; a `ListenerError`; an
        `EventsLostError`; a `ConnectFailedError` for each attempt to reconnect that fails. All of it is logged as well.

        Args:
            listener: The function, sync or async.

        Returns:
            What removes it.
        """
        return self.link.reports.listen(listener)

    def on_reconnect(self, hook: Callable[[], object]) -> Callable[[], None]:
        """Have a function called on each connection but the first: to enter rooms and to subscribe again.

        What it sends goes before all that waits; so does what tasks send that it has started, until all hooks have run.
        Where the connection is lost while it runs it is cancelled, and runs again on the next one.

        Args:
            hook: The function, sync or async. They run in order, one after another.

        Returns:
            What removes it.
        """
        return self.link.hooks.add(hook)

    async def close(self) -> None:
        """Close it: what can be written is written, async listeners end, and nothing is left running.

        It may be called in any state, more than once, and from listeners. There is no way back.
        """
        self.link.refuse()
        if self._closing is None:  # it goes on, if whoever closes is cancelled: hooks are, by this
            self._closing = asyncio.create_task(self._close())
        with self.link.reports.runners.not_waiting_for_me():
            await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await self.link.close()
        await self.link.reports.runners.finish(self.link.settings.close_timeout)

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            ConnectFailedError: It cannot be connected.
            ClientClosedError: It has been closed.
        """
        try:
            await self.link.open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __await__(self) -> Generator[Any, None, Self]:
        """Connect, without a block: `connection = await Connection("wss://…")`. Close it in the end."""
        return self.__aenter__().__await__()
