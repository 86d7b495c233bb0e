"""DNS look-ups with a time-out. `getaddrinfo` has none, so it runs in a thread of its own."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ["Address", "Lookup", "Resolver"]

Address = tuple[int, int, int, Any]
"""The family, type and protocol of a socket, and the address to connect it to."""

_MAX_REUSE: Final = 1.0
"""Seconds for which a result is reused, so that connections that are opened together share one look-up."""


class Lookup:
    """One look-up. It continues when its caller stops waiting, because `getaddrinfo` cannot be cancelled.

    Args:
        host: A host name, or an IP address, which needs no thread.
        port: The port.
        clock: Returns the time in seconds.

    Attributes:
        process: The id of the process that started the look-up.
    """

    def __init__(self, host: str, port: int, clock: Callable[[], float]) -> None:
        self.process = os.getpid()
        self._host = host
        self._port = port
        self._clock = clock
        self._lock = threading.Lock()
        self._waiters: set[socket.socket] = set()
        self._addresses: list[Address] = []
        self._failure: OSError | None = None
        self._ended: float | None = None
        try:
            self._addresses = self._ask(socket.AI_NUMERICHOST)
            self._ended = clock()
        except OSError:
            self._ask_on_a_thread()

    def serves(self, now: float) -> bool:
        """Return whether to use this look-up instead of a new one: it is in progress, or has just succeeded."""
        return self._ended is None or (self._failure is None and now - self._ended <= _MAX_REUSE)

    @property
    def has_ended(self) -> bool:
        """Whether the look-up has ended."""
        return self._ended is not None

    @contextmanager
    def waiter(self) -> Generator[socket.socket]:
        """Return a socket that becomes readable at the end of the look-up."""
        mine, theirs = socket.socketpair()
        with mine, theirs:
            mine.setblocking(False)
            with self._lock:
                self._waiters.add(theirs)
                if self._ended is not None:
                    theirs.shutdown(socket.SHUT_RDWR)
            try:
                yield mine
            finally:
                with self._lock:
                    self._waiters.remove(theirs)

    def addresses(self) -> list[Address]:
        """Return the addresses, after the end of the look-up.

        Raises:
            OSError: The look-up failed.
        """
        if self._failure is not None:
            # A new exception for each caller: one that is raised twice has the frames of both callers.
            raise type(self._failure)(*self._failure.args)
        return self._addresses

    def _ask(self, flags: int) -> list[Address]:
        # In bytes: to encode a host name, Python would import everything that IDNA needs. A callback URL is ASCII.
        found = socket.getaddrinfo(self._host.encode(), self._port, type=socket.SOCK_STREAM, flags=flags)
        return [(family, kind, protocol, address) for family, kind, protocol, _, address in found]

    def _ask_on_a_thread(self) -> None:
        try:
            threading.Thread(target=self._run, name="pushwire-dns", daemon=True).start()
        except RuntimeError as exc:  # the limit of threads is reached
            self._failure, self._ended = OSError(str(exc)), self._clock()

    def _run(self) -> None:
        try:
            self._addresses = self._ask(0)
        except OSError as exc:
            self._failure = exc
        with self._lock:
            self._ended = self._clock()
            for waiter in self._waiters:
                waiter.shutdown(socket.SHUT_RDWR)  # not `close`, because a forked process has copies of the sockets


class Resolver:
    """Looks up one host. Connections that are opened at the same time share a look-up. Threads may share it.

    Args:
        host: The host.
        port: The port.
        clock: Returns the time in seconds. Defaults to `time.monotonic`.
    """

    def __init__(self, host: str, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._host = host
        self._port = port
        self._clock = clock
        self._lookup: Lookup | None = None

    def lookup(self) -> Lookup:
        """Return the look-up that is in progress or has just succeeded, or start one."""
        lookup = self._lookup
        # After a fork, the parent's thread does not run in this process, so its look-up would never end.
        if lookup is None or lookup.process != os.getpid() or not lookup.serves(self._clock()):
            self._lookup = lookup = Lookup(self._host, self._port, self._clock)
        return lookup
