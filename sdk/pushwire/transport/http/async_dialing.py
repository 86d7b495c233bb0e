"""How a connection is opened on an event loop: name, address, proxy, TLS."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import partial

from pushwire.transport.http.async_channel import AsyncChannel
from pushwire.transport.http.dialing import closed_on_failure, new_socket, share_of
from pushwire.transport.http.endpoint import Endpoint
from pushwire.transport.http.failures import Stage, check_tunnel, failure_of_connecting
from pushwire.transport.http.replies import MalformedReplyError, ReplyParser
from pushwire.transport.http.resolver import Address, Resolver
from pushwire.transport.http.settings import Settings
from pushwire.transport.http.tls_session import TlsSession

__all__ = ["open_channel"]


async def open_channel(settings: Settings, resolver: Resolver) -> AsyncChannel:
    """Open a connection.

    Args:
        settings: Where to, and how long it may take.
        resolver: Looks its peer up.

    Raises:
        UnavailableError: It could not be opened.
    """
    loop, endpoint, timeout = asyncio.get_running_loop(), settings.endpoint, settings.connect_timeout
    stage: Stage = "resolve"
    try:
        async with asyncio.timeout(timeout) as limit:
            addresses = await _resolve(resolver)
            stage = "connect"
            connection = await _connect(addresses, limit.when() or 0.0)
            with closed_on_failure(connection):
                if endpoint.proxy is not None:
                    stage = "tunnel"
                    await _tunnel(connection, endpoint)
                stage = "handshake"
                tls = None if endpoint.tls is None else TlsSession(endpoint.tls, endpoint.host)
                if tls is not None:
                    await _handshake(connection, tls)
                _, channel = await loop.create_connection(partial(AsyncChannel, connection, tls), sock=connection)
            return channel
    except (OSError, ValueError, MalformedReplyError) as exc:
        raise failure_of_connecting(endpoint, stage, exc, timeout) from exc


async def _resolve(resolver: Resolver) -> list[Address]:
    lookup = resolver.lookup()
    waiter = lookup.waiter()
    if waiter is not None:
        with waiter:
            await asyncio.get_running_loop().sock_recv(waiter, 1)
    return lookup.addresses()


async def _connect(addresses: list[Address], until: float) -> socket.socket:
    loop = asyncio.get_running_loop()
    failure = OSError("it has no address")
    for number, address in enumerate(addresses):
        try:
            connection = new_socket(address)
            with closed_on_failure(connection):
                async with asyncio.timeout_at(share_of(loop.time(), until, len(addresses) - number)):
                    await loop.sock_connect(connection, address[3])
        except OSError as exc:
            failure = exc
        else:
            return connection
    raise failure


async def _tunnel(connection: socket.socket, endpoint: Endpoint) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, endpoint.tunnel_request())
    parser = ReplyParser(bodiless=range(200, 300))
    while True:
        data = await loop.sock_recv(connection, 65_536)
        reply = parser.feed(data) if data else parser.end()
        if reply is not None:
            check_tunnel(reply)
            return


async def _handshake(connection: socket.socket, tls: TlsSession) -> None:
    loop = asyncio.get_running_loop()
    received: bytes | None = None
    is_done = False
    while not is_done:
        try:
            is_done = tls.handshake(received)
        except OSError:
            with suppress(OSError):
                await loop.sock_sendall(connection, tls.to_send())  # the alert that says why
            raise
        await loop.sock_sendall(connection, tls.to_send())
        if not is_done:
            received = await loop.sock_recv(connection, 65_536)
