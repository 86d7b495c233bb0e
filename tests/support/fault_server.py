"""An HTTP server on loopback that answers each request by a script: statuses, malformed bodies, resets, stalls."""

import contextlib
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import unquote

Behaviour = Callable[["Exchange"], None]


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Exchange:
    """One connection of a client, as a behaviour sees it."""

    def __init__(self, server: "FaultServer", connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self._buffer = b""
        self._peeked: Request | None = None

    def read(self) -> Request:
        request = self.peek()
        self._peeked = None
        self.server.requests.append(request)
        self.server.received.set()
        return request

    def peek(self) -> Request:
        """Read a request that `read` then gives."""
        if self._peeked is None:
            self._peeked = self._parse()
        return self._peeked

    def _parse(self) -> Request:
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            self._receive()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return Request(method, target, headers, body)

    def has_a_request(self) -> bool:
        """Whether another request begins; the client may close instead."""
        if isinstance(self.connection, ssl.SSLSocket):  # which cannot be peeked into
            self._receive()
            return True
        return bool(self.connection.recv(1, socket.MSG_PEEK))

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionAbortedError

    def _receive(self) -> None:
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionAbortedError
        self._buffer += data


def answer(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """Answer one request; underscores in header names stand for hyphens."""

    def behave(exchange: Exchange) -> None:
        exchange.read()
        lines = [f"HTTP/1.1 {status} Reason", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        exchange.connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    return behave


def by_id(answers: Callable[[str], Behaviour]) -> Behaviour:
    """Answer each request as its connection id says, which is in its target up to a `%3D`."""

    def behave(exchange: Exchange) -> None:
        request = exchange.peek()
        answers(request.target.rpartition("/")[2].removesuffix("%3D"))(exchange)

    return behave


def send(*pieces: bytes) -> Behaviour:
    """Answer one request with just these bytes, one piece after another."""

    def behave(exchange: Exchange) -> None:
        exchange.read()
        for piece in pieces:
            exchange.connection.sendall(piece)

    return behave


def then_close(behaviour: Behaviour) -> Behaviour:
    """Close the connection after an answer that did not announce it."""

    def behave(exchange: Exchange) -> None:
        behaviour(exchange)
        exchange.connection.shutdown(socket.SHUT_RDWR)
        exchange.server.closed.release()
        raise ConnectionAbortedError

    return behave


def by_connection(fate: Callable[[str, int], int | None]) -> Behaviour:
    """Answer with the status that `fate` gives to a request's connection and attempt; `None` cuts the answer short."""
    attempts: Counter[str] = Counter()
    lock = threading.Lock()

    def behave(exchange: Exchange) -> None:
        connection_id = unquote(exchange.read().target.rpartition("/")[2])
        with lock:
            attempts[connection_id] += 1
            attempt = attempts[connection_id]
        status = fate(connection_id, attempt)
        if status is None:
            exchange.connection.sendall(b"HTTP/1.")
            raise ConnectionAbortedError
        exchange.connection.sendall(b"HTTP/1.1 %d Reason\r\nContent-Length: 0\r\n\r\n" % status)

    return behave


def reset_before_reading(exchange: Exchange) -> None:
    """Cut the connection before the request is read."""
    exchange.server.cuts += 1
    exchange.reset()


def reset_after_reading(exchange: Exchange) -> None:
    """Cut the connection when the request was read and not answered."""
    exchange.read()
    exchange.reset()


def cut_in_the_body(exchange: Exchange) -> None:
    """Promise more bytes than are sent."""
    exchange.read()
    exchange.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    raise ConnectionAbortedError


def stall(exchange: Exchange) -> None:
    """Read the request and never answer."""
    exchange.read()
    exchange.server.released.wait(30)
    raise ConnectionAbortedError


def no_http(exchange: Exchange) -> None:
    """Answer with bytes that are not HTTP."""
    exchange.read()
    exchange.connection.sendall(b"\x00\x01 what?\r\n\r\n")
    raise ConnectionAbortedError


class FaultServer:
    """Runs its script once over, one behaviour per request, then repeats the last."""

    def __init__(self, *script: Behaviour, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._tls = tls
        self.requests: list[Request] = []
        self.cuts = 0
        self.accepted: list[socket.socket] = []
        self.received = threading.Event()
        self.released = threading.Event()
        self.closed = threading.Semaphore(0)
        """Counts the connections that `then_close` has closed."""
        self._script = list(script)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    @property
    def connections(self) -> int:
        """How many connections clients have opened."""
        return len(self.accepted)

    @property
    def url(self) -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}/stage"

    def shrink_buffers(self) -> None:
        """Take as few bytes as can be without reading them."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.released.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._accepting.join(10)
        for connection in self.accepted:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            self.accepted.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(20)
            exchange = Exchange(self, connection)
            try:
                if isinstance(connection, ssl.SSLSocket):
                    connection.do_handshake()
                while exchange.has_a_request():
                    self._next()(exchange)
            except (ConnectionError, OSError):
                return

    def _next(self) -> Behaviour:
        with self._lock:
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]
