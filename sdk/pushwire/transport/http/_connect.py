"""The steps that open a connection: DNS look-up, TCP, proxy tunnel, TLS handshake."""

from __future__ import annotations

import errno
import os
import selectors
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pushwire.transport.http._channel import Channel, Steps
from pushwire.transport.http._endpoint import Endpoint
from pushwire.transport.http._outcomes import Stage, check_tunnel, failure_of_connecting
from pushwire.transport.http._resolver import Address, Resolver
from pushwire.transport.http._responses import MalformedResponseError, ResponseParser

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["ConnectSteps", "connect"]

_IN_PROGRESS: Final = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN})

ConnectSteps = Steps[Channel]


def connect(endpoint: Endpoint, resolver: Resolver, clock: Callable[[], float], timeout: float) -> ConnectSteps:
    """Open a connection.

    Args:
        endpoint: The host to connect to.
        resolver: Looks up the endpoint's peer.
        clock: Returns the time in seconds.
        timeout: Seconds for everything, from the look-up to the end of the TLS handshake.

    Raises:
        UnavailableError: The connection could not be opened.
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
            channel = Channel(connection)
        else:
            stage = "handshake"
            channel = yield from _handshake(connection, endpoint.tls, endpoint.host, until)
        return _checked(channel)
    except (OSError, ValueError, MalformedResponseError) as exc:
        raise failure_of_connecting(endpoint, stage, exc, timeout) from exc


def _checked(channel: Channel) -> Channel:
    """Return a new channel, unless a response could be credited to the wrong request on it.

    Raises:
        OSError: Bytes have come before there was a request, or the connection was closed.
    """
    if not channel.is_intact():
        channel.close()
        raise OSError("the server closed the connection, or sent bytes before a request")
    return channel


@contextmanager
def _closed_on_failure(connection: socket.socket) -> Generator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _resolve(resolver: Resolver, until: float) -> Steps[list[Address]]:
    lookup = resolver.lookup()
    if not lookup.has_ended:
        with lookup.waiter() as waiter:
            yield waiter, selectors.EVENT_READ, until
    return lookup.addresses()


def _connect(addresses: list[Address], clock: Callable[[], float], until: float) -> Steps[socket.socket]:
    failure = OSError("DNS returned no address")
    for number, address in enumerate(addresses):
        now = clock()
        try:
            # An address that does not respond gets an equal share, so that the others can still be tried.
            return (yield from _connect_to(address, now + (until - now) / (len(addresses) - number)))
        except OSError as exc:
            failure = exc
    raise failure


def _connect_to(address: Address, until: float) -> Steps[socket.socket]:
    family, kind, protocol, name = address
    connection = socket.socket(family, kind, protocol)
    with _closed_on_failure(connection):
        connection.setblocking(False)
        # Each request is one write, so waiting for more bytes gains nothing.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        error = connection.connect_ex(name)
        if error in _IN_PROGRESS:
            yield connection, selectors.EVENT_WRITE, until
            error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        return connection


def _tunnel(connection: socket.socket, endpoint: Endpoint, until: float) -> Steps[socket.socket]:
    with _closed_on_failure(connection):
        channel = Channel(connection, parser=ResponseParser(bodiless=range(200, 300)))
        channel.start(endpoint.tunnel_request())
        while (response := channel.advance()) is None:
            yield connection, channel.events, until
        check_tunnel(response)
        return connection


def _handshake(connection: socket.socket, context: SSLContext, host: str, until: float) -> ConnectSteps:
    import ssl

    with _closed_on_failure(connection):
        # In bytes: to encode a host name, Python would import everything that IDNA needs.
        tls = context.wrap_socket(connection, server_hostname=host.encode(), do_handshake_on_connect=False)
    with _closed_on_failure(tls):
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                yield tls, selectors.EVENT_READ, until
            except ssl.SSLWantWriteError:
                yield tls, selectors.EVENT_WRITE, until
            else:
                return Channel(tls, would_block=(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError))
