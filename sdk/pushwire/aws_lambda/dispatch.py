"""From an event to the handlers of one or several services, and to the result that API Gateway takes.

The result holds `statusCode`, and the subprotocol's header where there is one: any other key makes API Gateway fail
("Set up Lambda proxy integrations in API Gateway").
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from pushwire._log import logger
from pushwire.aws_lambda.decision import decide
from pushwire.aws_lambda.errors import RouterError
from pushwire.aws_lambda.events import ConnectEvent, DisconnectEvent, MessageEvent, kind_of, raw_event
from pushwire.aws_lambda.interceptors import AnyRequest, Interceptor, chain
from pushwire.aws_lambda.messages import FORBIDDEN, Received, error_frame, receive, unclaimed
from pushwire.aws_lambda.request import ConnectRequest, DisconnectRequest, Request
from pushwire.aws_lambda.service import Registration, Service, checked_interceptors

__all__ = ["Dispatcher"]


class Dispatcher:
    """Dispatches the events of one API.

    Args:
        services: Its services; no route is claimed by two.
        interceptors: What runs around all of them.

    Raises:
        RouterError: A route is claimed twice, or there are two `on_default`.
        TypeError: The interceptors are none that a sync router can run.
    """

    def __init__(self, services: Sequence[Service[Any]], interceptors: Sequence[Interceptor]) -> None:
        self._services: Final = tuple(services)
        self._interceptors: Final = checked_interceptors(interceptors)
        self._by_route = _claims(self._services)
        self._operations = {
            route: operation for service in self._services for route, operation in service.inbound.items()
        }

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Dispatch an event.

        Raises:
            EventError: It is none of a WebSocket API.
            Exception: What a handler of a message or of `$disconnect` raises.
        """
        raw = raw_event(event)
        kind = kind_of(raw)
        if kind == "MESSAGE":
            return self._message(MessageEvent(raw), context)
        if kind == "CONNECT":
            return self._connect(ConnectEvent(raw), context)
        return self._disconnect(DisconnectEvent(raw), context)

    def _message(self, event: MessageEvent, context: Any) -> dict[str, Any]:
        received = receive(event, self._operations)
        service, registration, received = self._target(received)
        if registration is not None:
            handle = partial(_call, registration.function)
        else:
            handle = partial(_refuse, service, received)
        request = Request(event, service.sdk, context, received.message, received.operation, received.error)
        chain(self._around(service, registration), handle)(request)
        return {"statusCode": 200}

    def _target(self, received: Received) -> tuple[Service[Any], Registration | None, Received]:
        """Choose who answers for a message, and what is left of it: its service, and the function if it has one."""
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
                    return candidate, registration, Received(None)
        return service, None, received

    def _connect(self, event: ConnectEvent, context: Any) -> dict[str, Any]:
        subprotocols: set[str] = set()
        for service in self._concerned("$on_connect"):
            registration = service.find("$on_connect")
            request = ConnectRequest(event, service.sdk, context)
            on_connect = registration.function if registration is not None else None
            outcome = decide(request, on_connect, self._around(service, registration))
            if isinstance(outcome, int):
                return {"statusCode": outcome}
            if outcome.subprotocol is not None:
                subprotocols.add(outcome.subprotocol)
        if len(subprotocols) > 1:
            logger("aws_lambda").error(
                "connection %s denied with 500: services chose different subprotocols", event.connection_id
            )
            return {"statusCode": 500}
        if subprotocols:
            return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": subprotocols.pop()}}
        return {"statusCode": 200}

    def _disconnect(self, event: DisconnectEvent, context: Any) -> dict[str, Any]:
        first_error: Exception | None = None
        for service in self._concerned("$on_disconnect"):
            registration = service.find("$on_disconnect")
            request = DisconnectRequest(event, service.sdk, context)
            handle = partial(_call, registration.function) if registration is not None else _do_nothing
            try:
                chain(self._around(service, registration), handle)(request)
            except Exception as error:  # noqa: BLE001 - the others are told first, then it goes on its way
                if first_error is not None:
                    logger("aws_lambda").exception(
                        "%s: on_disconnect raised too (connection %s)", service.name, event.connection_id
                    )
                first_error = first_error or error
        if first_error is not None:
            raise first_error
        return {"statusCode": 200}

    def _concerned(self, hook: str) -> Sequence[Service[Any]]:
        """The services that have such a hook, or interceptors to run around its default; at least one."""
        return [
            service for service in self._services if service.interceptors or service.find(hook) is not None
        ] or self._services[:1]

    def _around(self, service: Service[Any], registration: Registration | None) -> tuple[Interceptor, ...]:
        own = registration.interceptors if registration is not None else ()
        return (*self._interceptors, *service.interceptors, *own)


def _claims(services: Sequence[Service[Any]]) -> dict[str, Service[Any]]:
    """Return who claims each route, and see that nothing is claimed twice."""
    claims: dict[str, Service[Any]] = {}
    for service in services:
        for route, operation in service.inbound.items():
            other = claims.setdefault(route, service)
            if other is not service or services.count(service) > 1:
                raise RouterError(
                    f"route {route!r} is claimed twice, by {other.inbound[route]} and by {operation}: "
                    "one API can have each route once, so give one of them another in its contract"
                )
    defaults = [service.name for service in services if service.find("$on_default") is not None]
    if len(defaults) > 1:
        raise RouterError(f"on_default is claimed twice, by {defaults[0]} and by {defaults[1]}: one API has one")
    return claims


def _call(function: Callable[[Any], Any], request: AnyRequest) -> None:
    result = function(request)
    if result is not None:
        logger("aws_lambda").warning(
            "%s: the handler returned %s, which goes nowhere: answer with request.sdk",
            request.operation or request.route,
            type(result).__name__,
        )


def _refuse(service: Service[Any], received: Received, request: AnyRequest) -> None:
    """Answer a message that reaches no handler. Its content is the client's, and stays out of the log."""
    answer, connection_id = received.answer or FORBIDDEN, request.connection_id
    logger("aws_lambda").warning("%s: message refused: %s (connection %s)", request.route, answer, connection_id)
    logger("aws_lambda").debug("%s: it was refused because of %s", request.route, received.error)
    data = error_frame(answer, connection_id, request.event.raw["requestContext"].get("requestId"))
    try:
        service.sdk(request.event.raw)._post(None, connection_id, data)  # noqa: SLF001 - its public names are the contract's
    except Exception as error:  # noqa: BLE001 - the client is told or it is not; the message is refused all the same
        logger("aws_lambda").warning("the answer %r did not reach connection %s: %s", answer, connection_id, error)


def _do_nothing(_request: AnyRequest) -> None:
    """The default of `on_disconnect`."""
