"""Clients of the app, and what the app reports about them."""

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
"""How long a test waits for the `$disconnect` of its clients, which a gateway may not tell."""
ANSWER = {"route": "answer", "silent": True, "result": {"statusCode": 200, "body": "answered"}}
"""A message whose answer, by a route response, shows that its handler has returned."""


class Client:
    """A client of the app, and what the app reports about it.

    Attributes:
        ws: The client itself.
        report: What the app reported of its `$connect`.
        connected: Its CONNECT event.
        id: Its connection id.
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
        """The next message, which has to be text."""
        message = self.ws.recv(self._watcher.patience)
        assert isinstance(message, str), message
        return message

    def reported(self) -> Report:
        """The report of the last message, which the app posts to its sender."""
        report = json.loads(self.receive())
        assert isinstance(report, dict), report
        assert "event" in report, report
        return report

    def report_of(self, fragments: list[bytes]) -> Report:
        """Send a message in these frames and return the app's report of it."""
        self.ws.send(iter(fragments), text=True)
        return self.reported()

    def event_of(self, body: str) -> Event:
        """Send a message and return its event, as the app saw it."""
        event: Event = self.report_of([body.encode()])["event"]
        return event

    def is_there(self) -> bool:
        """Whether a message comes through, and nothing before its report."""
        sign = uuid.uuid4().hex
        return sign in str(self.event_of(json.dumps({"route": "report", "sign": sign}))["body"])

    def answered(self) -> None:
        """Send a message and take the answer of its route response: then its handler has returned."""
        self.send(**ANSWER)
        assert self.receive() == "answered"

    def close_code(self) -> int:
        """The code that the gateway closes it with, before any message."""
        try:
            message = self.ws.recv(self._watcher.patience)
        except ConnectionClosed:
            assert self.ws.close_code is not None
            return self.ws.close_code
        raise AssertionError(f"it is open, and got {message[:200]!r}")

    def close_without_code(self) -> None:
        """Send a close frame that has no code: `close()` has a default."""
        with suppress(ConnectionClosed), self.ws.send_context():
            self.ws.protocol.send_close()

    def cut(self) -> None:
        """End the TCP connection, without a close frame."""
        self.ws.socket.shutdown(socket.SHUT_RDWR)

    def disconnected(self, seconds: float | None = None) -> Event:
        """Wait for its DISCONNECT event."""
        if self._ended is None:
            self._ended = self._watcher.report_of("DISCONNECT", self.id, seconds)["event"]
        return self._ended


class Watcher:
    """A connection that the app reports to.

    Args:
        stage: The stage of the app.
        patience: How long a report may take, in seconds.
        admission: What its own query has to hold.
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
        """Whether it is connected."""
        return self._ws.state is State.OPEN

    def answered(self) -> None:
        """Send a message and take the answer of its route response: it is not idle, and its handler has returned."""
        self.tell(**ANSWER)
        assert self._ws.recv(self.patience) == "answered"

    def tell(self, **message: Any) -> None:
        """Tell the app something."""
        self._ws.send(json.dumps(message))

    def forget(self) -> None:
        """Drop the reports that came of connections before."""
        self._reports.clear()
        with suppress(TimeoutError, ConnectionClosed):
            while True:
                self._ws.recv(0)

    def report_of(self, event_type: str, connection_id: str | None = None, seconds: float | None = None) -> Report:
        """Wait for the next report of an event of this type, of any connection or of this one."""
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
    """One watcher for each stage, as long as it stays open.

    Args:
        patience: How long a report may take, in seconds.
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
        """The watcher of a stage. Where the app has not reported even once, no test waits for it again."""
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
    """Clients of a stage that nothing is reported of.

    Args:
        stage: The stage.
        patience: How long anything may take, in seconds.
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
        """The response to a handshake that is not accepted."""
        return refusal(with_query(self.stage.url, query), self.patience)


class App(Clients):
    """A stage of the app, and its watched clients.

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
        """Disconnect every client. The app hears of it before the next test begins, if it hears of it at all."""
        with suppress(TimeoutError, ConnectionClosed):
            for client in self._clients:
                client.ws.close()
                client.disconnected(SETTLING_SECONDS)
        super().__exit__(kind, error, trace)

    def client(self, *, query: Mapping[str, str] | None = None, **options: Any) -> Client:
        """Connect a client, and take the report of its CONNECT event."""
        return self._watched(self.open({"watcher": self.watcher.id, **(query or {})}, **options))

    def client_without_query(self, **options: Any) -> Client:
        """Connect a client by a URL that has no query string; the app hears of its watcher in a header."""
        return self._watched(self.open(additional_headers={"X-Watcher": self.watcher.id}, **options))

    def release(self, name: str) -> None:
        """Let go what the app holds under this name."""
        self.watcher.tell(route="report", silent=True, release=name)

    def _watched(self, ws: ClientConnection) -> Client:
        client = Client(ws, self.watcher.report_of("CONNECT"), self.watcher)
        self._clients.append(client)
        return client


def quiet(patience: float) -> dict[str, Any]:
    """Options of a client that does nothing by itself: it sends no pings, and takes all that comes."""
    return {"open_timeout": patience, "close_timeout": patience, "ping_interval": None, "max_queue": None}


def refusal(url: str, patience: float) -> Response:
    """The response to a handshake that is not accepted."""
    try:
        with connect(url, **quiet(patience)):
            pass
    except InvalidStatus as error:
        return error.response
    raise AssertionError("the handshake was accepted")


def with_query(url: str, query: Mapping[str, str] | None) -> str:
    """A URL with a query string, if there is something for it."""
    return f"{url}?{urlencode(query)}" if query else url


def describes(report: Report, event_type: str, connection_id: str | None) -> bool:
    """Whether a report is of an event of this type, of any connection or of this one."""
    context = report.get("event", {}).get("requestContext", {})
    return context.get("eventType") == event_type and connection_id in (None, context["connectionId"])
