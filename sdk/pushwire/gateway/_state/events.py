"""Lambda proxy events, with the same keys that API Gateway sends. Pure: time and ids are injected.

Sources: "Set up a WebSocket API integration request", section "Input format of a Lambda function for proxy
integration", and events logged on the real service. A key that AWS omits is omitted here, never null.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from pushwire.gateway._state.ids import NewId
from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway.clock import TimeOfDay, epoch_millis

__all__ = ["ApiIdentity", "Caller", "EventBuilder", "LambdaEvent"]

LambdaEvent: TypeAlias = dict[str, Any]
"""An event as a handler receives it: the result of `json.loads`."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOP_BY_HOP = {"connection", "upgrade"}


@dataclass(frozen=True, slots=True)
class ApiIdentity:
    """The description of the API in events.

    Attributes:
        api_id: The id of the API.
        stage: The stage.
        domain_name: The host with the port, or the custom domain.
        port: The port that the gateway listens on.
        stage_variables: The variables of the stage; events omit the key if the stage has no variables.
    """

    api_id: str
    stage: str
    domain_name: str
    port: int
    stage_variables: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Caller:
    """The description of a client in events.

    Attributes:
        connection_id: The id of its connection.
        connected_at: The time of its handshake, in milliseconds since the epoch.
        source_ip: The IP address of the client.
        user_agent: The `User-Agent` header; `None` if the handshake has no such header.
        authorizer: The context that a Lambda authorizer returned, or `None` if no authorizer was called.
    """

    connection_id: str
    connected_at: int
    source_ip: str
    user_agent: str | None
    authorizer: Mapping[str, str] | None = None


class EventBuilder:
    """Builds the events of one API.

    Args:
        api: The description of the API.
        clock: Returns the time of day.
        new_id: Returns a new request or message id.
    """

    def __init__(self, api: ApiIdentity, *, clock: TimeOfDay, new_id: NewId) -> None:
        self._api = api
        self._clock = clock
        self._new_id = new_id

    def connect(self, caller: Caller, request: HttpRequest) -> LambdaEvent:
        """Return the `CONNECT` event of a client's handshake.

        Args:
            caller: The client.
            request: The handshake.
        """
        now = self._clock()
        headers = [(name, value) for name, value in request.headers if name.lower() not in _HOP_BY_HOP]
        headers += [
            ("X-Amzn-Trace-Id", f"Root=1-{int(now):08x}-{self._trace_suffix()}"),
            ("X-Forwarded-For", caller.source_ip),
            ("X-Forwarded-Port", str(self._api.port)),
            ("X-Forwarded-Proto", "http"),
        ]
        event: LambdaEvent = _single_and_multi("headers", "multiValueHeaders", _by_name(headers))
        pairs = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
        if pairs:
            event |= _single_and_multi("queryStringParameters", "multiValueQueryStringParameters", _grouped(pairs))
        context = self._context(caller, now, route_key="$connect", event_type="CONNECT")
        return event | self._stage_variables() | {"requestContext": context, "isBase64Encoded": False}

    def message(self, caller: Caller, *, route_key: str, body: str) -> LambdaEvent:
        """Return the `MESSAGE` event of one text message; it has no headers and no query string."""
        context = self._context(
            caller, self._clock(), route_key=route_key, event_type="MESSAGE", extra={"messageId": self._new_id()}
        )
        return self._stage_variables() | {"requestContext": context, "body": body, "isBase64Encoded": False}

    def disconnect(self, caller: Caller, *, code: int, reason: str) -> LambdaEvent:
        """Return the `DISCONNECT` event of a connection that ended with `code` and `reason`."""
        headers = {"Host": self._api.domain_name, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
        context = self._context(
            caller,
            self._clock(),
            route_key="$disconnect",
            event_type="DISCONNECT",
            extra={"disconnectStatusCode": code, "disconnectReason": reason},
        )
        return {
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            **self._stage_variables(),
            "requestContext": context,
            "isBase64Encoded": False,
        }

    def _stage_variables(self) -> LambdaEvent:
        return {"stageVariables": dict(self._api.stage_variables)} if self._api.stage_variables else {}

    def _context(
        self, caller: Caller, now: float, *, route_key: str, event_type: str, extra: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        request_id = self._new_id()
        identity = {"sourceIp": caller.source_ip}
        if caller.user_agent is not None:
            identity["userAgent"] = caller.user_agent
        return {
            "routeKey": route_key,
            **(extra or {}),
            **({} if caller.authorizer is None else {"authorizer": dict(caller.authorizer)}),
            "eventType": event_type,
            "extendedRequestId": request_id,
            "requestTime": _common_log_time(now),
            "messageDirection": "IN",
            "stage": self._api.stage,
            "connectedAt": caller.connected_at,
            "requestTimeEpoch": epoch_millis(now),
            "identity": identity,
            "requestId": request_id,
            "domainName": self._api.domain_name,
            "connectionId": caller.connection_id,
            "apiId": self._api.api_id,
        }

    def _trace_suffix(self) -> str:
        return (self._new_id() + self._new_id()).encode("utf-8").hex()[:24]


def _common_log_time(seconds: float) -> str:
    # `strftime("%b")` follows the locale.
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day:02d}/{_MONTHS[moment.month - 1]}/{moment.year:04d}:{moment:%H:%M:%S} +0000"


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups


def _by_name(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Group headers case-insensitively, under the first spelling of each name."""
    spelling: dict[str, str] = {}
    return _grouped((spelling.setdefault(name.lower(), name), value) for name, value in headers)


def _single_and_multi(single: str, multi: str, groups: dict[str, list[str]]) -> LambdaEvent:
    # The single-valued form holds the last value, as in the events of REST APIs.
    return {single: {name: values[-1] for name, values in groups.items()}, multi: groups}
