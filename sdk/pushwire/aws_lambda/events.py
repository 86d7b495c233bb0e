"""The three events of a WebSocket API, read with names and types.

Which key an event holds, and which it leaves out, is in "Set up a WebSocket API integration request", section "Input
format of a Lambda function for proxy integration" (API Gateway developer guide), and in events logged on the service.
A key that may be left out reads as `None` or as an empty mapping, whether it is absent, null, or of a wrong type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from pushwire.aws_lambda.errors import EventError

__all__ = ["ConnectEvent", "DisconnectEvent", "Headers", "MessageEvent", "kind_of", "raw_event"]

_REMEDY = (
    "a router takes the events of a WebSocket API (API Gateway v2, Lambda proxy integration), and Powertools' "
    "APIGatewayWebSocketEvent: see what invokes this Lambda"
)


class Headers(Mapping[str, str]):
    """HTTP headers, found in any case; iteration gives the client's own."""

    __slots__ = ("_by_lower_name", "_raw")

    def __init__(self, raw: Mapping[str, str]) -> None:
        self._raw = raw
        self._by_lower_name = {name.lower(): value for name, value in raw.items()}

    def __getitem__(self, name: str) -> str:
        return self._by_lower_name[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


class _WebSocketEvent:
    """What the three events share.

    Args:
        event: The event as Lambda gives it, or Powertools' `APIGatewayWebSocketEvent`.

    Raises:
        EventError: It is no event of a WebSocket API.
    """

    __slots__ = ("_context", "_raw")

    EVENT_TYPE: ClassVar[str]

    def __init__(self, event: Mapping[str, Any]) -> None:
        raw = raw_event(event)
        kind = kind_of(raw)
        if kind != self.EVENT_TYPE:
            raise EventError(f"this is a {kind} event, not a {self.EVENT_TYPE} event")
        self._raw = raw
        self._context: Mapping[str, Any] = raw["requestContext"]

    @property
    def raw(self) -> Mapping[str, Any]:
        """The whole event, as Lambda gave it."""
        return self._raw

    @property
    def connection_id(self) -> str:
        """The id of the connection."""
        return cast("str", self._context["connectionId"])

    @property
    def route_key(self) -> str:
        """The route that API Gateway has chosen: `$connect`, `$disconnect`, `$default` or a route's own key.

        Raises:
            EventError: The event lacks it.
        """
        return self._text("routeKey")

    @property
    def stage(self) -> str:
        """The API's stage.

        Raises:
            EventError: The event lacks it.
        """
        return self._text("stage")

    @property
    def api_id(self) -> str:
        """The API's id.

        Raises:
            EventError: The event lacks it.
        """
        return self._text("apiId")

    @property
    def domain_name(self) -> str:
        """The host that the client came by; no callback URL can be made of a custom domain.

        Raises:
            EventError: The event lacks it.
        """
        return self._text("domainName")

    @property
    def request_id(self) -> str:
        """API Gateway's id of this event.

        Raises:
            EventError: The event lacks it.
        """
        return self._text("requestId")

    @property
    def extended_request_id(self) -> str:
        """API Gateway's other id of this event, in practice the same.

        Raises:
            EventError: The event lacks it.
        """
        return self._text("extendedRequestId")

    @property
    def connected_at(self) -> datetime:
        """When the client connected, in UTC.

        Raises:
            EventError: The event lacks it.
        """
        return self._time("connectedAt")

    @property
    def request_time(self) -> datetime:
        """When API Gateway received what the event is about, in UTC.

        Raises:
            EventError: The event lacks it.
        """
        return self._time("requestTimeEpoch")

    @property
    def source_ip(self) -> str | None:
        """The client's address."""
        return _optional_text(_mapping(self._context.get("identity")).get("sourceIp"))

    @property
    def user_agent(self) -> str | None:
        """The client's `User-Agent`; `None` where it sent none."""
        return _optional_text(_mapping(self._context.get("identity")).get("userAgent"))

    @property
    def authorizer(self) -> Mapping[str, Any]:
        """What the authorizer of `$connect` has found out, on each event of the connection; empty without one.

        API Gateway makes texts of its values ("Set up WebSocket API mapping template reference").
        """
        return _mapping(self._context.get("authorizer"))

    @property
    def stage_variables(self) -> Mapping[str, str]:
        """The stage's variables; empty where it has none."""
        return _texts(self._raw.get("stageVariables"))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._context.get('routeKey')!r} of {self.connection_id!r}>"

    def _text(self, key: str) -> str:
        value = self._context.get(key)
        if not isinstance(value, str):
            raise EventError(f"the event has no requestContext.{key}, which each event of API Gateway's has")
        return value

    def _time(self, key: str) -> datetime:
        value = self._context.get(key)
        try:
            if isinstance(value, int):
                return datetime.fromtimestamp(value / 1000, UTC)
        except (OverflowError, OSError, ValueError):
            pass
        raise EventError(
            f"the event has no requestContext.{key} in milliseconds, which each event of API Gateway's has"
        )


class _HeadersEvent(_WebSocketEvent):
    """An event that has headers."""

    __slots__ = ()

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, the last value of each; found in any case."""
        return Headers(_texts(self._raw.get("headers")))

    @property
    def multi_value_headers(self) -> Mapping[str, list[str]]:
        """The headers with all values, in the client's case."""
        return _lists_of_texts(self._raw.get("multiValueHeaders"))


class ConnectEvent(_HeadersEvent):
    """The event of `$connect`: a client's handshake."""

    __slots__ = ()

    EVENT_TYPE = "CONNECT"

    @property
    def query_string_parameters(self) -> Mapping[str, str]:
        """The parameters of the URL, the last value of each; empty where it has none."""
        return _texts(self._raw.get("queryStringParameters"))

    @property
    def multi_value_query_string_parameters(self) -> Mapping[str, list[str]]:
        """The parameters of the URL with all values; empty where it has none."""
        return _lists_of_texts(self._raw.get("multiValueQueryStringParameters"))

    @property
    def subprotocols(self) -> tuple[str, ...]:
        """The subprotocols that the client offers, in its order of preference."""
        values = [
            value
            for name, texts in self.multi_value_headers.items()
            if name.lower() == "sec-websocket-protocol"
            for value in texts
        ] or [self.headers.get("Sec-WebSocket-Protocol", "")]
        return tuple(name for value in values for part in value.split(",") if (name := part.strip()))


class MessageEvent(_WebSocketEvent):
    """The event of a message: no headers, no query string."""

    __slots__ = ()

    EVENT_TYPE = "MESSAGE"

    @property
    def body(self) -> str:
        """What the client sent, in base64 where `is_base64_encoded`; empty where the event has none."""
        return _optional_text(self._raw.get("body")) or ""

    @property
    def is_base64_encoded(self) -> bool:
        """Whether `body` is in base64: the integration converts to binary."""
        return self._raw.get("isBase64Encoded") is True

    @property
    def message_id(self) -> str | None:
        """API Gateway's id of the message."""
        return _optional_text(self._context.get("messageId"))


class DisconnectEvent(_HeadersEvent):
    """The event of `$disconnect`, which comes on a best effort. Its headers are `Host` and empty ones."""

    __slots__ = ()

    EVENT_TYPE = "DISCONNECT"

    @property
    def disconnect_status_code(self) -> int | None:
        """The WebSocket close code: 1005 for a client that gave none, 1006 for one that vanished, 1001 for idleness."""
        value = self._context.get("disconnectStatusCode")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def disconnect_reason(self) -> str | None:
        """The close frame's reason, or API Gateway's words."""
        return _optional_text(self._context.get("disconnectReason"))


def raw_event(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the event as Lambda gave it: of Powertools' event, what it wraps.

    Raises:
        EventError: It is no mapping.
    """
    if type(event) is dict:
        return cast("Mapping[str, Any]", event)
    raw: object = getattr(event, "raw_event", event)
    if not isinstance(raw, Mapping):
        raise EventError(f"an event is a mapping, not {type(raw).__name__}: {_REMEDY}")
    return cast("Mapping[str, Any]", raw)


def kind_of(raw: Mapping[str, Any]) -> str:
    """Return `CONNECT`, `MESSAGE` or `DISCONNECT`.

    Raises:
        EventError: It is no event of a WebSocket API.
    """
    found: object = raw.get("requestContext")
    if type(found) is not dict and not isinstance(found, Mapping):
        raise EventError(f"the event has no requestContext: {_REMEDY}")
    context = cast("Mapping[str, object]", found)
    connection_id = context.get("connectionId")
    if not isinstance(connection_id, str) or not connection_id:
        raise EventError(f"the event has no requestContext.connectionId: {_REMEDY}")
    kind = context.get("eventType")
    if isinstance(kind, str) and kind in _KINDS:
        return kind
    route_key = context.get("routeKey")
    if kind is not None or not isinstance(route_key, str):
        raise EventError(f"the event has no requestContext.eventType of CONNECT, MESSAGE or DISCONNECT: {_REMEDY}")
    return _KIND_OF_A_ROUTE_KEY.get(route_key, "MESSAGE")


_KINDS = frozenset({"CONNECT", "MESSAGE", "DISCONNECT"})
_KIND_OF_A_ROUTE_KEY = {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _texts(value: object) -> Mapping[str, str]:
    texts = cast("Mapping[object, object]", _mapping(value)).items()
    return {key: text for key, text in texts if isinstance(key, str) and isinstance(text, str)}


def _lists_of_texts(value: object) -> Mapping[str, list[str]]:
    lists = cast("Mapping[object, object]", _mapping(value)).items()
    return {
        key: [text for text in cast("list[object]", texts) if isinstance(text, str)]
        for key, texts in lists
        if isinstance(key, str) and isinstance(texts, list)
    }


def _optional_text(value: object) -> str | None:
    return value if isinstance(value, str) else None
