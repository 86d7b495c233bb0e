"""Clients of the app, and the app's reports about them."""

import json
import socket
import uuid
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Response
from websockets.protocol import State
from websockets.sync.client import ClientConnection, connect

from tests.conformance.target import Stage

Event: TypeAlias = dict[str, Any]
Report: TypeAlias = dict[str, Any]

SETTLING_SECONDS = 1.0
"""Seconds to wait for the `$disconnect` of a test's clients, which a gateway may not report."""
ANSWER = {"route": "answer", "silent": True, "result": {"statusCode": 200, "body": "answered"}}
"""A message whose answer, by a route response, shows that its handler has returned."""


class Client:
    """A client of the app, with the app's reports about it.

    Attributes:
        ws: The WebSocket.
        report: The app's report of its `$connect`.
        connected: The CONNECT event.
        id: The connection id.
    """

    def __init__(self, ws: ClientConnection, report: Report, watcher: "Watcher") -> None:
        self.ws = ws
        self.report = report
        self.connected: Event = report["event"]
        self.id: str = self.connected["requestContext"]["connectionId"]
        self._watcher = watcher
        self._ended: Event | None = None

    def send(self, **message: Any) -> None:
        """Send a message that is a JSON object."""
        self.ws.send(json.dumps(message))

    def receive(self) -> str:
        """Return the next message, which must be text."""
        message = self.ws.recv(self._watcher.patience)
        assert isinstance(message, str), message
        return message

    def reported(self) -> Report:
        """Return the report of the last message, which the app posts to its sender."""
        report = json.loads(self.receive())
        assert isinstance(report, dict), report
        assert "event" in report, report
        return report

    def report_of(self, fragments: list[bytes]) -> Report:
        """Send a message in these frames and return the app's report of it."""
        self.ws.send(iter(fragments), text=True)
        return self.reported()

    def event_of(self, body: str) -> Event:
        """Send a message and return its event, as the app has received it."""
        event: Event = self.report_of([body.encode()])["event"]
        return event

    def is_there(self) -> bool:
        """Return whether a message arrives, and its report is the next message."""
        sign = uuid.uuid4().hex
        return sign in str(self.event_of(json.dumps({"route": "report", "sign": sign}))["body"])

    def answered(self) -> None:
        """Send a message and wait for its route response, after which its handler has returned."""
        self.send(**ANSWER)
        assert self.receive() == "answered"

    def close_code(self) -> int:
        """Return the code with which the gateway closes the connection, without a message before."""
        try:
            message = self.ws.recv(self._watcher.patience)
        except ConnectionClosed:
            assert self.ws.close_code is not None
            return self.ws.close_code
        raise AssertionError(f"it is open, and got {message[:200]!r}")

    def close_without_code(self) -> None:
        """Send a close frame without a code. Why not `close()`: it sends a default code."""
        with suppress(ConnectionClosed), self.ws.send_context():
            self.ws.protocol.send_close()

    def cut(self) -> None:
        """Close the TCP connection without a close frame."""
        self.ws.socket.shutdown(socket.SHUT_RDWR)

    def disconnected(self, seconds: float | None = None) -> Event:
        """Wait for the DISCONNECT event."""
        if self._ended is None:
            self._ended = self._watcher.report_of("DISCONNECT", self.id, seconds)["event"]
        return self._ended


class Watcher:
    """A connection that the app reports to.

    Args:
        stage: The stage of the app.
        patience: Seconds to wait for a report.
        admission: The parameters that its query string must have.
    """

    def __init__(self, stage: Stage, patience: float, admission: Mapping[str, str] | None = None) -> None:
        self.stage = stage
        self.patience = patience
        self._stack = ExitStack()
        self._reports: list[Report] = []
        url = with_query(stage.url, admission)
        self._ws = self._stack.enter_context(connect(url, **quiet(patience)))
        self.tell(route="report")
        self.id: str = self.report_of("MESSAGE")["event"]["requestContext"]["connectionId"]

    @property
    def is_open(self) -> bool:
        """Return whether the watcher is connected."""
        return self._ws.state is State.OPEN

    def answered(self) -> None:
        """Send a message and wait for its route response, so that the watcher is not idle."""
        self.tell(**ANSWER)
        assert self._ws.recv(self.patience) == "answered"

    def tell(self, **message: Any) -> None:
        """Send the app an instruction."""
        self._ws.send(json.dumps(message))

    def forget(self) -> None:
        """Drop the reports of earlier connections."""
        self._reports.clear()
        with suppress(TimeoutError, ConnectionClosed):
            while True:
                self._ws.recv(0)

    def report_of(self, event_type: str, connection_id: str | None = None, seconds: float | None = None) -> Report:
        """Wait for the next report of an event of a type, of any connection or of a certain one."""
        for report in self._reports:
            if describes(report, event_type, connection_id):
                self._reports.remove(report)
                return report
        while True:
            report = json.loads(self._ws.recv(self.patience if seconds is None else seconds))
            if describes(report, event_type, connection_id):
                assert isinstance(report, dict)
                return report
            self._reports.append(report)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


class Watchers:
    """The watchers of the stages, one for each stage while it is open.

    Args:
        patience: Seconds to wait for a report.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._by_stage: dict[Stage, Watcher] = {}
        self._silent: set[Stage] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def of(self, stage: Stage, admission: Mapping[str, str] | None = None) -> Watcher:
        """Return the watcher of a stage. If the app has never reported to it, later tests do not wait for it."""
        if stage in self._silent:
            raise AssertionError(f"nothing can be told of {stage.url}: the app there does not report to its clients")
        watcher = self._by_stage.get(stage)
        if watcher is None or not watcher.is_open:
            self._silent.add(stage)
            watcher = self._stack.enter_context(Watcher(stage, self._patience, admission))
            self._silent.remove(stage)
            self._by_stage[stage] = watcher
        return watcher


class Clients:
    """Clients of a stage without reports.

    Args:
        stage: The stage.
        patience: Seconds to wait for each response.
    """

    def __init__(self, stage: Stage, patience: float) -> None:
        self.stage = stage
        self.patience = patience
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def open(self, query: Mapping[str, str] | None = None, **options: Any) -> ClientConnection:
        """Connect a client."""
        url, options = with_query(self.stage.url, query), quiet(self.patience) | options
        connection: ClientConnection = self._stack.enter_context(connect(url, **options))
        return connection

    def refusal(self, query: Mapping[str, str] | None = None) -> Response:
        """Return the response that refuses a handshake."""
        return refusal(with_query(self.stage.url, query), self.patience)


class App(Clients):
    """A stage of the app, with clients that a watcher receives reports about.

    Args:
        watcher: The connection that the app reports to.
    """

    def __init__(self, watcher: Watcher) -> None:
        super().__init__(watcher.stage, watcher.patience)
        self.watcher = watcher
        self._clients: list[Client] = []
        watcher.forget()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect all clients, and wait for the app's reports if it makes any."""
        with suppress(TimeoutError, ConnectionClosed):
            for client in self._clients:
                client.ws.close()
                client.disconnected(SETTLING_SECONDS)
        super().__exit__(kind, error, trace)

    def client(self, *, query: Mapping[str, str] | None = None, **options: Any) -> Client:
        """Connect a client, and wait for the report of its CONNECT event."""
        return self._watched(self.open({"watcher": self.watcher.id, **(query or {})}, **options))

    def client_without_query(self, **options: Any) -> Client:
        """Connect a client with a URL without a query string; a header names its watcher."""
        return self._watched(self.open(additional_headers={"X-Watcher": self.watcher.id}, **options))

    def release(self, name: str) -> None:
        """End the app's wait with a name."""
        self.watcher.tell(route="report", silent=True, release=name)

    def _watched(self, ws: ClientConnection) -> Client:
        client = Client(ws, self.watcher.report_of("CONNECT"), self.watcher)
        self._clients.append(client)
        return client


def quiet(patience: float) -> dict[str, Any]:
    """Options of a passive client: it sends no pings, and accepts messages of any size."""
    return {"open_timeout": patience, "close_timeout": patience, "ping_interval": None, "max_queue": None}


def refusal(url: str, patience: float) -> Response:
    """Return the response that refuses a handshake."""
    try:
        with connect(url, **quiet(patience)):
            pass
    except InvalidStatus as error:
        return error.response
    raise AssertionError("the handshake was accepted")


def with_query(url: str, query: Mapping[str, str] | None) -> str:
    """Return a URL with a query string, if there are parameters."""
    return f"{url}?{urlencode(query)}" if query else url


def describes(report: Report, event_type: str, connection_id: str | None) -> bool:
    """Return whether a report is of an event of a type, of any connection or of a certain one."""
    context = report.get("event", {}).get("requestContext", {})
    return context.get("eventType") == event_type and connection_id in (None, context["connectionId"])
