"""The management API: `POST`, `GET` and `DELETE` on `/{stage}/@connections/{id}`. Sans-I/O.

Sources: "Use @connections commands in your backend service" and the service model of `apigatewaymanagementapi`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from pushwire.gateway.connections import Connection, Registry
from pushwire.gateway.ids import Clock, is_connection_id
from pushwire.gateway.responses import FORBIDDEN, HttpResponse, aws_error, json_response
from pushwire.gateway.settings import MAX_MESSAGE_BYTES

__all__ = ["ConnectionTarget", "ManagementApi", "StageTarget", "Target", "resolve"]

# As AWS reports a connection that was closed by DELETE.
_DELETED = (1000, "Connection Closed Normally")


@dataclass(frozen=True, slots=True)
class StageTarget:
    """The stage itself, where clients connect; `query` is the text after the `?`."""

    query: str


@dataclass(frozen=True, slots=True)
class ConnectionTarget:
    """One connection of the management API, its id decoded."""

    connection_id: str


Target = StageTarget | ConnectionTarget


def resolve(target: str, *, stage: str) -> Target | None:
    """Return what a request target names, or `None` if API Gateway has nothing there.

    Args:
        target: The target as it was sent: `/local/%40connections/…%3D`, in any mix of encodings.
        stage: The stage of the API.
    """
    path, _, query = target.partition("?")
    match [unquote(segment) for segment in path.split("/")]:
        case ["", found] | ["", found, ""] if found == stage:
            return StageTarget(query)
        case ["", found, "@connections", connection_id] if found == stage and connection_id:
            return ConnectionTarget(connection_id)
        case _:
            return None


class ManagementApi:
    """Answers the requests of one API's `@connections`.

    Args:
        registry: The open connections.
        clock: The time of day.
    """

    def __init__(self, registry: Registry, *, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    def answer(self, method: str, connection_id: str, body: bytes | None) -> HttpResponse:
        """Do what a request asks and return the response.

        Args:
            method: The HTTP method.
            connection_id: The decoded id.
            body: The body, or `None` if it was too large to be kept.
        """
        actions = {"POST": self._post, "GET": self._get, "DELETE": self._delete}
        action = actions.get(method)
        if action is None:
            return aws_error(403, "ForbiddenException", FORBIDDEN)
        if not is_connection_id(connection_id):
            return aws_error(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
        if body is None or len(body) > MAX_MESSAGE_BYTES:
            return aws_error(413, "PayloadTooLargeException", "Payload too large")
        connection = self._registry.get(connection_id)
        if connection is None:
            return aws_error(410, "GoneException")
        return action(connection, body)

    def _post(self, connection: Connection, body: bytes) -> HttpResponse:
        # AWS documents nothing for bytes that are no text, and carries posts as text: refuse, never send binary.
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as error:
            message = f"The data is not valid UTF-8 (byte {error.start}); API Gateway carries posts as text"
            return aws_error(400, "BadRequestException", message)
        if not connection.channel.send_text(body):
            return aws_error(429, "LimitExceededException", "The client reads too slowly: its buffer is full")
        connection.last_active_at = self._clock()
        return HttpResponse(200)

    def _get(self, connection: Connection, _body: bytes) -> HttpResponse:
        caller = connection.caller
        identity = {"sourceIp": caller.source_ip}
        if caller.user_agent is not None:
            identity["userAgent"] = caller.user_agent
        times = {
            "connectedAt": _iso_8601(caller.connected_at / 1000),
            "lastActiveAt": _iso_8601(connection.last_active_at),
        }
        return json_response(200, {**times, "identity": identity})

    def _delete(self, connection: Connection, _body: bytes) -> HttpResponse:
        connection.channel.close(*_DELETED)
        return HttpResponse(204)


def _iso_8601(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
