"""How a connection is opened: name, address, proxy, TLS; step by step, for whoever waits.

A dialing is a generator. It yields what to wait for, is resumed by `next` when that is ready, or by
`throw(TimeoutError())` when it is not in time, and returns the channel.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from pushwire.transport.http.channel import Channel, wait
from pushwire.transport.http.endpoint import Endpoint
from pushwire.transport.http.failures import Stage, check_tunnel, failure_of_connecting
from pushwire.transport.http.replies import MalformedReplyError, ReplyParser
from pushwire.transport.http.resolver import Address, Resolver

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["Dialing", "Waiting", "closed_on_failure", "dial", "new_socket", "opened", "share_of"]

_UNDER_WAY: Final = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN})


Waiting = tuple[socket.socket, int, float]
"""What a dialing waits for: the socket that has to become ready, for which events (`selectors`), and until when."""

Dialing = Generator[Waiting, None, Channel]
_Step = Generator[Waiting, None, socket.socket]


def dial(endpoint: Endpoint, resolver: Resolver, clock: Callable[[], float], timeout: float) -> Dialing:
    """Open a connection.

    Args:
        endpoint: Where to.
        resolver: Looks its peer up.
        clock: Gives the time in seconds.
        timeout: How many seconds it may take, from the look-up to the end of the TLS handshake.

    Raises:
        UnavailableError: It could not be opened.
    """
    until = clock() + timeout
    stage: Stage = "resolve"
    try:
        addresses = yield from _resolve(resolver, until)
        stage = "connect"
        connection = yield from _connect(addresses, clock, until)
        if endpoint.proxy is not None:
            stage = "tunnel"
            connection = yield from _tunnel(connection, endpoint, until)
        if endpoint.tls is None:
            return Channel(connection)
        stage = "handshake"
        return (yield from _handshake(connection, endpoint.tls, endpoint.host, until))
    except (OSError, ValueError, MalformedReplyError) as exc:
        raise failure_of_connecting(endpoint, stage, exc, timeout) from exc


def opened(dialing: Dialing, clock: Callable[[], float]) -> Channel:
    """Run a dialing in the calling thread.

    Raises:
        UnavailableError: It could not be opened.
    """
    with closing(dialing):
        try:
            connection, events, until = next(dialing)
            while True:
                if wait(connection, events, until - clock()):
                    connection, events, until = next(dialing)
                else:
                    connection, events, until = dialing.throw(TimeoutError())
        except StopIteration as done:
            channel: Channel = done.value
            return channel


def share_of(now: float, until: float, attempts_left: int) -> float:
    """Until when to try one of several addresses: so that one that swallows everything leaves time for the others."""
    return now + (until - now) / attempts_left


def new_socket(address: Address) -> socket.socket:
    """A socket that does not block, to connect to an address."""
    family, kind, protocol, _ = address
    connection = socket.socket(family, kind, protocol)
    connection.setblocking(False)
    # Each request is one write, so nothing is gained by waiting for more.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


@contextmanager
def closed_on_failure(connection: socket.socket) -> Generator[None]:
    """Close a socket when what is done with it does not succeed."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _resolve(resolver: Resolver, until: float) -> Generator[Waiting, None, list[Address]]:
    lookup = resolver.lookup()
    waiter = lookup.waiter()
    if waiter is not None:
        with waiter:
            yield waiter, selectors.EVENT_READ, until
    return lookup.addresses()


def _connect(addresses: list[Address], clock: Callable[[], float], until: float) -> _Step:
    failure = OSError("it has no address")
    for number, address in enumerate(addresses):
        try:
            return (yield from _connect_to(address, share_of(clock(), until, len(addresses) - number)))
        except OSError as exc:
            failure = exc
    raise failure


def _connect_to(address: Address, until: float) -> _Step:
    connection = new_socket(address)
    with closed_on_failure(connection):
        error = connection.connect_ex(address[3])
        if error in _UNDER_WAY:
            yield connection, selectors.EVENT_WRITE, until
            error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        return connection


def _tunnel(connection: socket.socket, endpoint: Endpoint, until: float) -> _Step:
    with closed_on_failure(connection):
        channel = Channel(connection, parser=ReplyParser(bodiless=range(200, 300)))
        channel.start(endpoint.tunnel_request())
        while (reply := channel.advance()) is None:
            yield connection, channel.events, until
        check_tunnel(reply)
        return connection


def _handshake(connection: socket.socket, context: SSLContext, host: str, until: float) -> Dialing:
    import ssl

    with closed_on_failure(connection):
        tls = context.wrap_socket(connection, server_hostname=host.encode(), do_handshake_on_connect=False)
    with closed_on_failure(tls):
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                yield tls, selectors.EVENT_READ, until
            except ssl.SSLWantWriteError:
                yield tls, selectors.EVENT_WRITE, until
            else:
                return Channel(tls, would_block=(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError))
