"""Event dispatch and proxy results, shared by the sync and async routers.

A result holds `statusCode`, and the header of the subprotocol if there is one. Any other key makes API Gateway fail
("Set up Lambda proxy integrations in API Gateway").
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from pushwire import frame
from pushwire._log import logger
from pushwire.aws_lambda.connect import ConnectionAccepted
from pushwire.aws_lambda.errors import RouterError
from pushwire.aws_lambda.events import ConnectEvent, DisconnectEvent, MessageEvent
from pushwire.aws_lambda.interceptors import AnyRequest, log_fields, reject_unawaited
from pushwire.aws_lambda.messages import FORBIDDEN, DecodedMessage, error_frame, receive, unclaimed
from pushwire.aws_lambda.request import ConnectRequest, DisconnectRequest, Request
from pushwire.aws_lambda.service import Mode, Registration, RoutedService, checked_interceptors
from pushwire.errors import Code, OperationError, PayloadTooLargeError
from pushwire.operation import AnyOperation
from pushwire.store import StoredConnection

__all__ = [
    "OK",
    "Answer",
    "ConnectDecisions",
    "DisconnectFailures",
    "EventDispatcher",
    "Invocation",
    "Result",
    "check_result",
    "log_kept_connection",
]

Result = dict[str, Any]
OK: Final = 200


class Answer(NamedTuple):
    """The answer to a message: a reply, a confirmation or an error.

    Attributes:
        data: The frame.
        operation: The reply as an operation, for the observers of sends. Defaults to `None`: the frame has no message.
        error: The error in the frame. Defaults to `None`.
    """

    data: bytes
    operation: AnyOperation | None = None
    error: OperationError | None = None


class Invocation(NamedTuple):
    """Call of a function, with the interceptors around it.

    Attributes:
        service: The service of the function.
        request: The argument of the function.
        function: The function. `None` if only the interceptors run, or if the message is refused.
        interceptors: The interceptors, outermost first.
        refused: The refused message, if the function is `None`. Defaults to `None`.
    """

    service: RoutedService[Any]
    request: Any
    function: Callable[[Any], Any] | None
    interceptors: tuple[Any, ...]
    refused: DecodedMessage | None = None

    def refusal(self) -> Answer:
        """Log that a message is refused, without its content, and return the error for its client."""
        refused = self.refused or unclaimed("no handler", None)
        answer, reason = refused.answer or FORBIDDEN, self.request.refusal.reason
        logger("aws_lambda").warning(
            "%s: message refused: %s: %s (connection %s)",
            self.request.operation or self.request.route,
            answer,
            reason,
            self.request.connection_id,
            extra={**log_fields(self.request), "answer": answer, "reason": reason},
        )
        text = answer
        if self._answerable() is not None:
            # Why not the reason: it can have the name of the router, which is only for the log.
            text = "no handler has the route of the frame" if refused.code is Code.UNIMPLEMENTED else reason
        return self._error(OperationError(refused.code, text))

    def completion(self) -> Answer | None:
        """Return the answer after the handler and the interceptors have returned, or `None` if none is sent.

        Raises:
            RouterError: The handler has not returned, and no interceptor has set a reply.
            pushwire.FrameError: The reply cannot be encoded.
            pushwire.PayloadTooLargeError: The reply is larger than a frame.
        """
        request = self.request
        operation: AnyOperation | None = request.operation
        envelope = self._answerable()
        if envelope is None or request._is_answered:  # noqa: SLF001 - private, because handlers do not need it
            return None
        if self.function is None:
            return self.refusal()
        reply = None if operation is None else operation.reply
        if reply is None and request._is_handled:  # noqa: SLF001
            return Answer(frame.encode_answer(envelope))
        if reply is None:
            raise RouterError(
                f"the handler of {operation or request.route} has not returned, so its client gets no confirmation: an "
                "interceptor must call call_next and not catch its exceptions, or raise OperationError"
            )
        if request.reply is None:
            raise RouterError(f"{operation} has no reply: an interceptor must call call_next, or set request.reply")
        data = frame.encode(reply, request.reply, envelope.format, reply_to=envelope.id)
        if len(data) > frame.MAX_FRAME_SIZE:
            text = f"the reply has {len(data):,} bytes, and API Gateway's limit is {frame.MAX_FRAME_SIZE:,}"
            raise PayloadTooLargeError(text, size=len(data), operation=operation, connection_id=request.connection_id)
        return Answer(data, reply)

    def rejection(self, error: OperationError) -> Answer | None:
        """Return the answer after a handler or an interceptor has refused the message."""
        request = self.request
        logger("aws_lambda").info(
            "%s: refused with %s (connection %s)",
            request.operation or request.route,
            error.code.value,
            request.connection_id,
            extra={**log_fields(request), "code": error.code.value},
        )
        return None if request._is_answered else self._error(error)  # noqa: SLF001

    def failure(self) -> Answer | None:
        """Return the answer after a handler has failed, or `None`: API Gateway answers messages without an id."""
        if self._answerable() is None or self.request._is_answered:  # noqa: SLF001
            return None
        return self._error(OperationError(Code.INTERNAL, "Internal server error"))

    def log_undelivered(self, answer: Answer, error: Exception) -> None:
        """Log that an answer did not reach the client."""
        text = "reply" if answer.error is None else answer.error.message
        shown = "reply" if answer.error is None else f"error frame {text!r}"
        logger("aws_lambda").warning(
            "the %s did not reach connection %s: %s",
            shown,
            self.request.connection_id,
            error,
            extra={**log_fields(self.request), "answer": text, "error": type(error).__name__},
        )

    def _answerable(self) -> frame.Envelope | None:
        """Return the envelope of a message whose client wants an answer."""
        envelope: frame.Envelope | None = self.request._envelope  # noqa: SLF001
        return envelope if envelope is not None and envelope.id is not None else None

    def _error(self, error: OperationError) -> Answer:
        envelope = self._answerable()
        if envelope is not None:
            return Answer(frame.encode_answer(envelope, error), error=error)
        request_id = self.request.event.raw["requestContext"].get("requestId")
        return Answer(error_frame(error, self.request.connection_id, request_id), error=error)


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
        self.stores: Final = _distinct(service.store for service in self._services)
        self._operations = {
            route: operation for service in self._services for route, operation in service.inbound.items()
        }

    def message(self, event: MessageEvent, context: Any) -> Invocation:
        """Return the invocation that handles a message."""
        service, registration, received = self._target(receive(event, self._operations))
        request = Request(
            event, service.sdk, context, received.message, received.operation, received.error, received.envelope
        )
        return self._invocation(service, registration, request, received)

    def connect(self, event: ConnectEvent, context: Any) -> Iterator[Invocation]:
        """Yield the invocations that decide on a connection."""
        for service in self._concerned("$on_connect"):
            request = ConnectRequest(event, service.sdk, context)
            yield self._invocation(service, service.find("$on_connect"), request)

    def disconnect(
        self, event: DisconnectEvent, context: Any, connections: Sequence[StoredConnection | None]
    ) -> Iterator[Invocation]:
        """Yield the invocations for a connection that has ended.

        Args:
            event: The event.
            context: Lambda's context object.
            connections: The connection as each of the stores had it.
        """
        for service in self._concerned("$on_disconnect"):
            request = DisconnectRequest(event, service.sdk, context)
            if service.store is not None:
                request._connection = connections[self.stores.index(service.store)]  # noqa: SLF001 - as in requests
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
            received = unclaimed(f"{service.name} has no function for {received.operation}", received.envelope)
        if received.answer == FORBIDDEN:
            for candidate in self._services:
                registration = candidate.find("$on_default")
                if registration is not None:
                    return candidate, registration, DecodedMessage(None, envelope=received.envelope)
        return service, None, received

    def _concerned(self, hook: str) -> Sequence[RoutedService[Any]]:
        """Return the services that have this hook or interceptors around its default, and at least one service."""
        return [
            service for service in self._services if service.interceptors or service.find(hook) is not None
        ] or self._services[:1]

    def _invocation(
        self,
        service: RoutedService[Any],
        registration: Registration | None,
        request: AnyRequest,
        received: DecodedMessage | None = None,
    ) -> Invocation:
        function, own = registration or (None, ())
        request._store = service.store  # noqa: SLF001 - as in requests
        return Invocation(service, request, function, (*self._interceptors, *service.interceptors, *own), received)


class ConnectDecisions:
    """Combination of the services' `$connect` decisions."""

    def __init__(self, event: ConnectEvent, stores: Sequence[Any]) -> None:
        self._connection_id = event.connection_id
        self._stores = stores
        self._stored = [ConnectionAccepted() for _ in stores]
        self._tried: list[Any] = []
        self._subprotocols: set[str] = set()
        self.denied: Result | None = None
        """The proxy result after a service has denied the connection. `None` before."""

    def add(self, outcome: ConnectionAccepted | int, store: Any) -> None:
        """Add the decision of one service.

        Args:
            outcome: The acceptance, or the status code of the denial.
            store: The store of the service. `None` if it has none.
        """
        if isinstance(outcome, int):
            self.denied = {"statusCode": outcome}
            return
        if outcome.subprotocol is not None:
            self._subprotocols.add(outcome.subprotocol)
        if len(self._subprotocols) > 1:
            self._deny("services chose different subprotocols")
        if store is not None:
            index = self._stores.index(store)
            stored = self._stored[index]
            if stored.user is not None and outcome.user not in (None, stored.user):
                self._deny("services chose different users")
            self._stored[index] = stored._replace(
                user=outcome.user if stored.user is None else stored.user,
                attributes={**(stored.attributes or {}), **(outcome.attributes or {})},
                topics=(*stored.topics, *outcome.topics),
            )

    def to_store(self) -> Iterator[tuple[Any, ConnectionAccepted]]:
        """Yield each store, and what to store in it of an accepted connection. Stop after a failure of a store."""
        for store, accepted in zip(self._stores, self._stored, strict=True):
            if self.denied is None:
                self._tried.append(store)
                yield store, accepted

    def store_failed(self, error: Exception) -> None:
        """Deny the connection, because it could not be stored."""
        self._deny("it could not be stored", error)

    def to_undo(self) -> Sequence[Any]:
        """Return the stores that may have the connection although it is denied: it has no `$disconnect`."""
        return () if self.denied is None else self._tried

    def _deny(self, reason: str, error: Exception | None = None) -> None:
        fields = _hook_fields("$connect", self._connection_id)
        logger("aws_lambda").error(
            "connection %s denied with 500: %s", self._connection_id, reason, exc_info=error, extra=fields
        )
        self.denied = {"statusCode": 500}

    def result(self) -> Result:
        """Return the proxy result of all decisions."""
        if self.denied is not None:
            return self.denied
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
    """Record that a handler has returned, and the reply of a request.

    Log a warning if another handler returned a value, which is ignored.

    Args:
        invocation: The invocation of the handler.
        request: The request that the handler received.
        result: The handler's result.

    Raises:
        RouterError: The result is a coroutine or a generator, or is not the reply that the operation returns.
    """
    if isinstance(request, Request) and request.operation is not None and request.operation.reply_type is not None:
        reject_unawaited(invocation.function, result)
        reply: Any = result
        request.reply = reply
        invocation.request.reply = reply  # Why: an interceptor may pass on another request.
    elif result is not None:
        reject_unawaited(invocation.function, result)
        logger("aws_lambda").warning(
            "%s: the handler returned %s, which is ignored; send with request.sdk",
            request.operation or request.route,
            type(result).__name__,
            extra=log_fields(request),
        )
    if isinstance(invocation.request, Request):
        invocation.request._is_handled = True  # noqa: SLF001 - private, because handlers do not need it


def log_kept_connection(event: ConnectEvent | DisconnectEvent, error: Exception) -> None:
    """Log that a store has failed to end a connection. It stays in the store until it expires."""
    logger("aws_lambda").error(
        "the store has failed to end connection %s: %s",
        event.connection_id,
        error,
        exc_info=error,
        extra=_hook_fields("$connect" if isinstance(event, ConnectEvent) else "$disconnect", event.connection_id),
    )


def _hook_fields(route: str, connection_id: str) -> dict[str, str | None]:
    """Return the fields that every record about a request has, where there is no request yet."""
    return {"operation": None, "route": route, "connection_id": connection_id}


def _distinct(stores: Iterable[Any]) -> list[Any]:
    """Return the stores of services, each once."""
    found: list[Any] = []
    for store in stores:
        if store is not None and store not in found:
            found.append(store)
    return found


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
