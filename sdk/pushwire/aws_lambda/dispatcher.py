"""Event dispatch and proxy results, shared by the sync and async routers.

A result holds `statusCode`, and the header of the subprotocol if there is one. Any other key makes API Gateway fail
("Set up Lambda proxy integrations in API Gateway").
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pushwire._log import logger
from pushwire.aws_lambda.connect import ConnectionAccepted
from pushwire.aws_lambda.errors import RouterError
from pushwire.aws_lambda.events import ConnectEvent, DisconnectEvent, MessageEvent, kind_of, raw_event
from pushwire.aws_lambda.interceptors import AnyRequest, log_fields, reject_unawaited
from pushwire.aws_lambda.messages import FORBIDDEN, DecodedMessage, error_frame, receive, unclaimed
from pushwire.aws_lambda.request import ConnectRequest, DisconnectRequest, Request
from pushwire.aws_lambda.service import Mode, Registration, RoutedService, checked_interceptors

__all__ = ["OK", "ConnectDecisions", "DisconnectFailures", "EventDispatcher", "Invocation", "Result", "check_result"]

Result = dict[str, Any]
OK: Final = 200


class Invocation(NamedTuple):
    """Call of a function, with the interceptors around it.

    Attributes:
        service: The service of the function.
        request: The argument of the function.
        function: The function. `None` if only the interceptors run, or if the message is refused.
        interceptors: The interceptors, outermost first.
        answer: The text of the error frame for a refused message.
    """

    service: RoutedService[Any]
    request: Any
    function: Callable[[Any], Any] | None
    interceptors: tuple[Any, ...]
    answer: str

    def refusal(self) -> bytes:
        """Log that a message is refused, without its content, and return the error frame for its client."""
        connection_id, refusal = self.request.connection_id, self.request.refusal
        logger("aws_lambda").warning(
            "%s: message refused: %s: %s (connection %s)",
            self.request.operation or self.request.route,
            self.answer,
            refusal.reason,
            connection_id,
            extra={**log_fields(self.request), "answer": self.answer, "reason": refusal.reason},
        )
        return error_frame(self.answer, connection_id, self.request.event.raw["requestContext"].get("requestId"))

    def log_undelivered_refusal(self, error: Exception) -> None:
        """Log that the error frame did not reach the client."""
        logger("aws_lambda").warning(
            "the error frame %r did not reach connection %s: %s",
            self.answer,
            self.request.connection_id,
            error,
            extra={**log_fields(self.request), "answer": self.answer, "error": type(error).__name__},
        )


class EventDispatcher:
    """Selector of the functions to call for an event, among the services of one API.

    Args:
        services: The services. They must not have the same route twice.
        interceptors: The interceptors around all of them, outermost first.
        mode: The mode of their routers.

    Raises:
        RouterError: Two services have the same route, or two have an `on_default`.
        TypeError: A router of this mode cannot run the interceptors.
    """

    def __init__(self, services: Sequence[RoutedService[Any]], interceptors: Sequence[Any], mode: Mode) -> None:
        self._services: Final = tuple(services)
        self._interceptors: Final = checked_interceptors(interceptors, mode)
        self._by_route = _claims(self._services)
        self._operations = {
            route: operation for service in self._services for route, operation in service.inbound.items()
        }

    def event(self, event: Mapping[str, Any]) -> ConnectEvent | MessageEvent | DisconnectEvent:
        """Return an event as an object with typed properties.

        Args:
            event: The event as Lambda passes it, or Powertools' `APIGatewayWebSocketEvent`.

        Raises:
            EventError: The event is not an event of a WebSocket API.
        """
        raw = raw_event(event)
        kind = kind_of(raw)
        if kind == "MESSAGE":
            return MessageEvent(raw)
        return ConnectEvent(raw) if kind == "CONNECT" else DisconnectEvent(raw)

    def message(self, event: MessageEvent, context: Any) -> Invocation:
        """Return the invocation that handles a message."""
        service, registration, received = self._target(receive(event, self._operations))
        request = Request(event, service.sdk, context, received.message, received.operation, received.error)
        return self._invocation(service, registration, request, received.answer or FORBIDDEN)

    def connect(self, event: ConnectEvent, context: Any) -> Iterator[Invocation]:
        """Yield the invocations that decide on a connection."""
        for service in self._concerned("$on_connect"):
            request = ConnectRequest(event, service.sdk, context)
            yield self._invocation(service, service.find("$on_connect"), request)

    def disconnect(self, event: DisconnectEvent, context: Any) -> Iterator[Invocation]:
        """Yield the invocations for a connection that has ended."""
        for service in self._concerned("$on_disconnect"):
            request = DisconnectRequest(event, service.sdk, context)
            yield self._invocation(service, service.find("$on_disconnect"), request)

    def _target(self, received: DecodedMessage) -> tuple[RoutedService[Any], Registration | None, DecodedMessage]:
        """Return the service and the registration for a message, and the message to pass to its function."""
        service = self._services[0]
        if received.operation is not None:
            service = self._by_route[received.operation.route]
            if received.error is not None:
                return service, None, received
            registration = service.find(received.operation.route)
            if registration is not None:
                return service, registration, received
            received = unclaimed(f"{service.name} has no function for {received.operation}")
        if received.answer == FORBIDDEN:
            for candidate in self._services:
                registration = candidate.find("$on_default")
                if registration is not None:
                    return candidate, registration, DecodedMessage(None)
        return service, None, received

    def _concerned(self, hook: str) -> Sequence[RoutedService[Any]]:
        """Return the services that have this hook or interceptors around its default, and at least one service."""
        return [
            service for service in self._services if service.interceptors or service.find(hook) is not None
        ] or self._services[:1]

    def _invocation(
        self, service: RoutedService[Any], registration: Registration | None, request: AnyRequest, answer: str = ""
    ) -> Invocation:
        function, own = registration or (None, ())
        return Invocation(service, request, function, (*self._interceptors, *service.interceptors, *own), answer)


class ConnectDecisions:
    """Combination of the services' `$connect` decisions."""

    def __init__(self, event: ConnectEvent) -> None:
        self._connection_id = event.connection_id
        self._subprotocols: set[str] = set()
        self.denied: Result | None = None
        """The proxy result after a service has denied the connection. `None` before."""

    def add(self, outcome: ConnectionAccepted | int) -> None:
        """Add the decision of one service: the acceptance, or the status code of the denial."""
        if isinstance(outcome, int):
            self.denied = {"statusCode": outcome}
        elif outcome.subprotocol is not None:
            self._subprotocols.add(outcome.subprotocol)

    def result(self) -> Result:
        """Return the proxy result of all decisions."""
        if self.denied is not None:
            return self.denied
        if len(self._subprotocols) > 1:
            logger("aws_lambda").error(
                "connection %s denied with 500: services chose different subprotocols", self._connection_id
            )
            return {"statusCode": 500}
        if self._subprotocols:
            return {"statusCode": OK, "headers": {"Sec-WebSocket-Protocol": self._subprotocols.pop()}}
        return {"statusCode": OK}


class DisconnectFailures:
    """Failures of `on_disconnect`. The functions of all services run, and then the first failure is raised."""

    def __init__(self) -> None:
        self._first: Exception | None = None

    def failed(self, invocation: Invocation, error: Exception) -> None:
        """Add the current exception. The log has all but the first, which `result` raises."""
        if self._first is not None:
            logger("aws_lambda").exception(
                "%s: on_disconnect raised too (connection %s)",
                invocation.service.name,
                invocation.request.connection_id,
                extra=log_fields(invocation.request),
            )
        self._first = self._first or error

    def result(self) -> Result:
        """Return the proxy result.

        Raises:
            Exception: The first failure.
        """
        if self._first is not None:
            raise self._first
        return {"statusCode": OK}


def check_result(invocation: Invocation, request: AnyRequest, result: object) -> None:
    """Log a warning if a handler returned a value, which is ignored.

    Args:
        invocation: The invocation of the handler.
        request: The request that the handler received.
        result: The handler's result.

    Raises:
        RouterError: The result is a coroutine or a generator.
    """
    if result is not None:
        reject_unawaited(invocation.function, result)
        logger("aws_lambda").warning(
            "%s: the handler returned %s, which is ignored; send with request.sdk",
            request.operation or request.route,
            type(result).__name__,
            extra=log_fields(request),
        )


def _claims(services: Sequence[RoutedService[Any]]) -> dict[str, RoutedService[Any]]:
    """Return the service of each route.

    Raises:
        RouterError: Two services have the same route, or two have an `on_default`.
    """
    claims: dict[str, RoutedService[Any]] = {}
    for service in services:
        for route, operation in service.inbound.items():
            other = claims.setdefault(route, service)
            if other is not service or services.count(service) > 1:
                raise RouterError(
                    f"{other.inbound[route]} and {operation} have the same route {route!r}: an API can have each route "
                    "once, so set another route for one of them in its contract"
                )
    defaults = [service.name for service in services if service.find("$on_default") is not None]
    if len(defaults) > 1:
        raise RouterError(
            f"{defaults[0]} and {defaults[1]} both have an on_default, and an API can have one: remove one of them"
        )
    return claims
