"""The management API: `POST`, `GET` and `DELETE` on `…/@connections/{id}`. Sans-I/O.

Sources: "Use @connections commands in your backend service" and the service model of `apigatewaymanagementapi`.
"""

from datetime import UTC, datetime

from pushwire.gateway._state.connections import ConnectionRegistry, GatewayConnection
from pushwire.gateway._state.ids import is_connection_id
from pushwire.gateway._state.quotas import TokenBucket
from pushwire.gateway._wire.responses import INTERNAL_SERVER_ERROR, HttpResponse, aws_error, forbidden, json_response
from pushwire.gateway.clock import TimeOfDay
from pushwire.gateway.settings import MAX_MESSAGE_BYTES
from pushwire.gateway.transcript import Called, Delivered, EventBus

__all__ = ["ManagementApi"]

# As AWS reports a connection that was closed by DELETE.
_DELETED = (1000, "Connection Closed Normally")
_SLOW_READER = "The client reads too slowly: its buffer is full"
_TOO_MANY = "Too many requests"


class ManagementApi:
    """Answers requests to `@connections` of one API.

    Args:
        registry: The open connections.
        account: The account's rate; each request takes a token.
        clock: Returns the time of day.
        bus: Receives the entries of the transcript.
    """

    def __init__(self, registry: ConnectionRegistry, *, account: TokenBucket, clock: TimeOfDay, bus: EventBus) -> None:
        self._registry = registry
        self._account = account
        self._clock = clock
        self._bus = bus

    def answer(self, method: str, connection_id: str, body: bytes | None) -> HttpResponse:
        """Handle a request and return the response.

        Args:
            method: The HTTP method.
            connection_id: The decoded id.
            body: The body, or `None` if it was too large.
        """
        response = self._perform(method, connection_id, body)
        self.report(method, connection_id, body, response.status)
        return response

    def fail(self, method: str, connection_id: str, body: bytes | None, *, status: int) -> HttpResponse:
        """Return the error of a status, without handling the request."""
        self.report(method, connection_id, body, status)
        return _error(status, connection_id)

    def report(self, method: str, connection_id: str, body: bytes | None, status: int) -> None:
        """Publish an entry for a request; the status is 0 if no response was sent."""
        if self._bus:
            self._bus.publish(
                Called(at=self._clock(), connection_id=connection_id, method=method, status=status, body=body)
            )

    def _perform(self, method: str, connection_id: str, body: bytes | None) -> HttpResponse:
        actions = {"POST": self._post, "GET": self._get, "DELETE": self._delete}
        action = actions.get(method)
        if action is None:
            return _error(403, connection_id)
        if not self._account.take():
            return aws_error(429, "LimitExceededException", _TOO_MANY)
        if not is_connection_id(connection_id):
            return _error(400, connection_id)
        if body is None or len(body) > MAX_MESSAGE_BYTES:
            return _error(413, connection_id)
        connection = self._registry.get(connection_id)
        return _error(410, connection_id) if connection is None else action(connection, body)

    def _post(self, connection: GatewayConnection, body: bytes) -> HttpResponse:
        # Why: AWS sends posts as text, and does not document what it does with other bytes.
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError as error:
            message = f"The data is not valid UTF-8 (byte {error.start}); API Gateway carries posts as text"
            return aws_error(400, "BadRequestException", message)
        if not connection.socket.send_text(body):
            return _error(429, connection.id)
        connection.last_active_at = now = self._clock()
        if self._bus:
            self._bus.publish(Delivered(at=now, connection_id=connection.id, text=text, cause="post"))
        return HttpResponse(200)

    def _get(self, connection: GatewayConnection, _body: bytes) -> HttpResponse:
        caller = connection.caller
        identity = {"sourceIp": caller.source_ip}
        if caller.user_agent is not None:
            identity["userAgent"] = caller.user_agent
        times = {
            "connectedAt": _iso_8601(caller.connected_at / 1000),
            "lastActiveAt": _iso_8601(connection.last_active_at),
        }
        return json_response(200, {**times, "identity": identity})

    def _delete(self, connection: GatewayConnection, _body: bytes) -> HttpResponse:
        connection.socket.close(*_DELETED)
        return HttpResponse(204)


def _error(status: int, connection_id: str) -> HttpResponse:
    match status:
        case 400:
            return aws_error(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
        case 403:
            return forbidden()
        case 410:
            return aws_error(410, "GoneException")
        case 413:
            return aws_error(413, "PayloadTooLargeException", "Payload too large")
        case 429:
            return aws_error(429, "LimitExceededException", _SLOW_READER)
        case _:
            return aws_error(status, "InternalServerErrorException", INTERNAL_SERVER_ERROR)


def _iso_8601(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
