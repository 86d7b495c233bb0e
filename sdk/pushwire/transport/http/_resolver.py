"""Addresses of a host, with a bound on the wait: `getaddrinfo` has none, so it runs in a thread of its own."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final

__all__ = ["Address", "Lookup", "Resolver"]

Address = tuple[int, int, int, Any]
"""Family, type and protocol of a socket, and what to connect it to."""

_MAX_REUSE: Final = 1.0
"""Seconds for which an answer serves others: connections that are opened together ask once."""


class Lookup:
    """One look-up. It runs on when nobody waits for it any more.

    Args:
        host: A name, or an IP address, which needs no thread.
        port: The port.
        clock: Gives the time in seconds.
    """

    def __init__(self, host: str, port: int, clock: Callable[[], float]) -> None:
        self.process = os.getpid()
        self._host = host
        self._port = port
        self._clock = clock
        self._lock = threading.Lock()
        self._waiters: list[socket.socket] = []
        self._addresses: list[Address] = []
        self._failure: OSError | None = None
        self._ended: float | None = None
        try:
            self._addresses = self._ask(socket.AI_NUMERICHOST)
            self._ended = clock()
        except OSError:
            self._ask_on_a_thread()

    def serves(self, now: float) -> bool:
        """Whether to take its answer, or to wait for it, rather than to ask again."""
        return self._ended is None or (self._failure is None and now - self._ended <= _MAX_REUSE)

    def waiter(self) -> socket.socket | None:
        """A socket that is readable when `addresses` can answer, to be closed by the caller; `None` if it can now."""
        with self._lock:
            if self._ended is not None:
                return None
            mine, theirs = socket.socketpair()
            mine.setblocking(False)
            self._waiters.append(theirs)
            return mine

    def addresses(self) -> list[Address]:
        """The addresses, when they are there.

        Raises:
            OSError: The host has none, or nobody knows it.
        """
        if self._failure is not None:
            # One for each who asks: an exception that is raised twice has the frames of both.
            raise type(self._failure)(*self._failure.args)
        return self._addresses

    def _ask(self, flags: int) -> list[Address]:
        # In bytes: a callback URL is ASCII, and to encode a name Python would import all that IDNA needs.
        found = socket.getaddrinfo(self._host.encode(), self._port, type=socket.SOCK_STREAM, flags=flags)
        return [(family, kind, protocol, address) for family, kind, protocol, _, address in found]

    def _ask_on_a_thread(self) -> None:
        try:
            threading.Thread(target=self._run, name="pushwire-dns", daemon=True).start()
        except RuntimeError as exc:  # there may be no more threads
            self._failure, self._ended = OSError(str(exc)), self._clock()

    def _run(self) -> None:
        try:
            self._addresses = self._ask(0)
        except OSError as exc:
            self._failure = exc
        with self._lock:
            self._ended = self._clock()
            for waiter in self._waiters:
                waiter.close()


class Resolver:
    """Looks up one host, once for all connections that wait for it. Threads may share it.

    Args:
        host: The host.
        port: The port.
        clock: Gives the time in seconds.
    """

    def __init__(self, host: str, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._host = host
        self._port = port
        self._clock = clock
        self._lookup: Lookup | None = None

    def lookup(self) -> Lookup:
        """A look-up that has just ended or is under way."""
        lookup = self._lookup
        # After a fork, a thread of the parent's does not end here.
        if lookup is None or lookup.process != os.getpid() or not lookup.serves(self._clock()):
            self._lookup = lookup = Lookup(self._host, self._port, self._clock)
        return lookup
