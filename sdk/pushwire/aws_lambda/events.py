"""The three events of a WebSocket API, with typed properties.

The keys of an event are documented in "Set up a WebSocket API integration request", section "Input format of a Lambda
function for proxy integration" (API Gateway developer guide); events that were logged on the service have the others.
The property of an optional key is `None` or an empty mapping if the key is absent, null, or of a wrong type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from pushwire.aws_lambda.errors import EventError

__all__ = ["ConnectEvent", "DisconnectEvent", "Headers", "MessageEvent", "typed_event"]

_REMEDY = (
    "a router accepts the events of a WebSocket API (API Gateway v2, Lambda proxy integration) and Powertools' "
    "APIGatewayWebSocketEvent; check the triggers of this Lambda function"
)


class Headers(Mapping[str, str]):
    """HTTP headers. Names are looked up without regard to case; iteration yields them as the client wrote them."""

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
    """Base of the three events.

    Args:
        event: The event as Lambda passes it, or Powertools' `APIGatewayWebSocketEvent`.

    Raises:
        EventError: The event is not an event of a WebSocket API, or has another kind.
    """

    __slots__ = ("_context", "_raw")

    EVENT_TYPE: ClassVar[str]

    def __init__(self, event: Mapping[str, Any]) -> None:
        raw = _raw_event(event)
        kind = _kind_of(raw)
        if kind != self.EVENT_TYPE:
            raise EventError(f"this is a {kind} event, not a {self.EVENT_TYPE} event")
        self._raw = raw
        self._context: Mapping[str, Any] = raw["requestContext"]

    @property
    def raw(self) -> Mapping[str, Any]:
        """The whole event, as Lambda passed it."""
        return self._raw

    @property
    def connection_id(self) -> str:
        """The id of the connection."""
        return cast("str", self._context["connectionId"])

    @property
    def route_key(self) -> str:
        """The key of the route that API Gateway chose: `$connect`, `$disconnect`, `$default`, or a custom route.

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
        """The host that the client connected to.

        For a custom domain it is not enough to build the callback URL, because events do not include the mapping key.

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
        """API Gateway's extended id of this event, which has so far been equal to `request_id`.

        Raises:
            EventError: The event lacks it.
        """
        return self._text("extendedRequestId")

    @property
    def connected_at(self) -> datetime:
        """The time when the client connected, in UTC.

        Raises:
            EventError: The event lacks it.
        """
        return self._time("connectedAt")

    @property
    def request_time(self) -> datetime:
        """The time when API Gateway received the handshake, the message or the close of the connection, in UTC.

        Raises:
            EventError: The event lacks it.
        """
        return self._time("requestTimeEpoch")

    @property
    def source_ip(self) -> str | None:
        """The client's IP address. `None` if the event lacks it."""
        return _optional_text(_mapping(self._context.get("identity")).get("sourceIp"))

    @property
    def user_agent(self) -> str | None:
        """The client's `User-Agent` header. `None` if the client did not send it."""
        return _optional_text(_mapping(self._context.get("identity")).get("userAgent"))

    @property
    def authorizer(self) -> Mapping[str, Any]:
        """The context of the Lambda authorizer of `$connect`, in each event of the connection. Empty without one.

        API Gateway converts its values to strings ("Set up WebSocket API mapping template reference").
        """
        return _mapping(self._context.get("authorizer"))

    @property
    def stage_variables(self) -> Mapping[str, str]:
        """The stage variables. Empty if the stage has no variables."""
        return _texts(self._raw.get("stageVariables"))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._context.get('routeKey')!r} of {self.connection_id!r}>"

    def _text(self, key: str) -> str:
        value = self._context.get(key)
        if not isinstance(value, str):
            raise EventError(f"the event has no requestContext.{key}, which each event of API Gateway has")
        return value

    def _time(self, key: str) -> datetime:
        value = self._context.get(key)
        try:
            if isinstance(value, int):
                return datetime.fromtimestamp(value / 1000, UTC)
        except (OverflowError, OSError, ValueError):
            pass
        raise EventError(f"the event has no requestContext.{key} in milliseconds, which each event of API Gateway has")


class _HeadersEvent(_WebSocketEvent):
    """Base of the events that have headers."""

    __slots__ = ()

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers with the last value of each. Names are looked up without regard to case."""
        return Headers(_texts(self._raw.get("headers")))

    @property
    def multi_value_headers(self) -> Mapping[str, list[str]]:
        """The headers with all values. Names are written as the client wrote them."""
        return _lists_of_texts(self._raw.get("multiValueHeaders"))


class ConnectEvent(_HeadersEvent):
    """The event of `$connect`: a client's handshake.

    Args:
        event: The event as Lambda passes it, or Powertools' `APIGatewayWebSocketEvent`.

    Raises:
        EventError: The event is not an event of a WebSocket API, or has another kind.
    """

    __slots__ = ()

    EVENT_TYPE = "CONNECT"

    @property
    def query_string_parameters(self) -> Mapping[str, str]:
        """The query parameters of the URL with the last value of each. Empty if the URL has no query."""
        return _texts(self._raw.get("queryStringParameters"))

    @property
    def multi_value_query_string_parameters(self) -> Mapping[str, list[str]]:
        """The query parameters of the URL with all values. Empty if the URL has no query."""
        return _lists_of_texts(self._raw.get("multiValueQueryStringParameters"))

    @property
    def subprotocols(self) -> tuple[str, ...]:
        """The subprotocols that the client offers, in its order of preference. Empty if it offers none."""
        values = [
            value
            for name, texts in self.multi_value_headers.items()
            if name.lower() == "sec-websocket-protocol"
            for value in texts
        ] or [self.headers.get("Sec-WebSocket-Protocol", "")]
        return tuple(name for value in values for part in value.split(",") if (name := part.strip()))


class MessageEvent(_WebSocketEvent):
    """The event of a message. It has no headers and no query parameters.

    Args:
        event: The event as Lambda passes it, or Powertools' `APIGatewayWebSocketEvent`.

    Raises:
        EventError: The event is not an event of a WebSocket API, or has another kind.
    """

    __slots__ = ()

    EVENT_TYPE = "MESSAGE"

    @property
    def body(self) -> str:
        """The text that the client sent; in base64 if `is_base64_encoded`. Empty if the event has no body."""
        return _optional_text(self._raw.get("body")) or ""

    @property
    def is_base64_encoded(self) -> bool:
        """Whether `body` is in base64, which an integration with `CONVERT_TO_BINARY` does."""
        return self._raw.get("isBase64Encoded") is True

    @property
    def message_id(self) -> str | None:
        """API Gateway's id of the message. `None` if the event lacks it."""
        return _optional_text(self._context.get("messageId"))


class DisconnectEvent(_HeadersEvent):
    """The event of `$disconnect`, which API Gateway sends on a best-effort basis.

    It has a `Host` header, and `x-api-key`, `X-Forwarded-For` and `x-restapi` with empty values.

    Args:
        event: The event as Lambda passes it, or Powertools' `APIGatewayWebSocketEvent`.

    Raises:
        EventError: The event is not an event of a WebSocket API, or has another kind.
    """

    __slots__ = ()

    EVENT_TYPE = "DISCONNECT"

    @property
    def disconnect_status_code(self) -> int | None:
        """The WebSocket close code. `None` if the event lacks it.

        It is 1005 if the client's close frame has no code, 1006 if the connection was lost without a close frame, and
        1001 if API Gateway closed an idle connection.
        """
        value = self._context.get("disconnectStatusCode")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def disconnect_reason(self) -> str | None:
        """The reason in the client's close frame, or API Gateway's text. `None` if the event lacks it."""
        return _optional_text(self._context.get("disconnectReason"))


def typed_event(event: Mapping[str, Any]) -> ConnectEvent | MessageEvent | DisconnectEvent:
    """Return an event as an object with typed properties.

    Args:
        event: The event as Lambda passes it, or Powertools' `APIGatewayWebSocketEvent`.

    Raises:
        EventError: The event is not an event of a WebSocket API.
    """
    raw = _raw_event(event)
    kind = _CLASSES[_kind_of(raw)]
    typed = kind.__new__(kind)  # without the constructor, which would determine the kind once more
    typed._raw, typed._context = raw, raw["requestContext"]  # noqa: SLF001
    return typed


def _raw_event(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the event as Lambda passed it, also if Powertools' `APIGatewayWebSocketEvent` wraps it."""
    if type(event) is dict:
        return cast("Mapping[str, Any]", event)
    raw: object = getattr(event, "raw_event", event)
    if not isinstance(raw, Mapping):
        raise EventError(f"an event must be a mapping, not {type(raw).__name__}: {_REMEDY}")
    return cast("Mapping[str, Any]", raw)


def _kind_of(raw: Mapping[str, Any]) -> str:
    """Return the kind of an event: `CONNECT`, `MESSAGE` or `DISCONNECT`."""
    if "methodArn" in raw:
        raise EventError(
            "this is the event of a Lambda authorizer, which returns a policy: a router's `on_connect` decides by "
            "itself; make the router the integration of $connect and not its authorizer"
        )
    found: object = raw.get("requestContext")
    if type(found) is not dict and not isinstance(found, Mapping):
        raise EventError(f"the event has no requestContext: {_REMEDY}")
    context = cast("Mapping[str, object]", found)
    connection_id = context.get("connectionId")
    if not isinstance(connection_id, str) or not connection_id:
        raise EventError(f"the event has no requestContext.connectionId: {_REMEDY}")
    kind = context.get("eventType")
    if isinstance(kind, str) and kind in _CLASSES:
        return kind
    route_key = context.get("routeKey")
    if kind is not None or not isinstance(route_key, str):
        raise EventError(f"the event has no requestContext.eventType of CONNECT, MESSAGE or DISCONNECT: {_REMEDY}")
    return _KIND_OF_A_ROUTE_KEY.get(route_key, "MESSAGE")


_CLASSES: dict[str, type[ConnectEvent | MessageEvent | DisconnectEvent]] = {
    kind.EVENT_TYPE: kind for kind in (ConnectEvent, MessageEvent, DisconnectEvent)
}
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
