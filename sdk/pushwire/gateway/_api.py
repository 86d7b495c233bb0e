"""The emulated API: handles connects, messages and disconnects of clients. No sockets."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial

from pushwire.gateway._access.authorization import Authorization
from pushwire.gateway._functions.handlers import Handler, HandlerPool
from pushwire.gateway._management.faults import Faults
from pushwire.gateway._state.connections import ConnectionRegistry, GatewayConnection
from pushwire.gateway._state.events import EventBuilder, LambdaEvent
from pushwire.gateway._state.ids import NewId
from pushwire.gateway._state.quotas import TokenBucket
from pushwire.gateway._state.results import Failed, Outcome, ProxyResult, TimedOut, read_result
from pushwire.gateway._state.routes import RouteTable
from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway._wire.responses import (
    ENDPOINT_REQUEST_TIMED_OUT,
    FORBIDDEN,
    INTERNAL_SERVER_ERROR,
    TOO_MANY_REQUESTS,
    HttpResponse,
    error_frame,
    http_error,
)
from pushwire.gateway._wire.websocket import GOING_AWAY, CloseStatus
from pushwire.gateway.clock import Clock
from pushwire.gateway.settings import MAX_MESSAGE_BYTES, Quotas
from pushwire.gateway.transcript import Connected, Delivered, Ended, EventBus, Invoked, Received, Refused

__all__ = ["Accepted", "EmulatedApi"]

logger = logging.getLogger("pushwire.gateway")

_JSON = (("Content-Type", "application/json"),)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted handshake, with the subprotocol of the response, if any."""

    subprotocol: str | None


class EmulatedApi:
    """One WebSocket API with its routes, handlers and connections.

    Args:
        routes: The handler of each route.
        route_responses: The route keys with a route response: the `body` of a handler's result is sent to the client.
        authorization: Decides whether a client may connect.
        pool: Runs handlers.
        registry: Holds the open connections.
        events: Builds events.
        account: The account's rate; each handshake and each message takes a token.
        quotas: The quotas of API Gateway.
        faults: The injected faults.
        clock: The gateway's clock.
        new_id: Returns a new request id.
        bus: Receives the entries of the transcript.
    """

    def __init__(
        self,
        routes: RouteTable[Handler],
        *,
        route_responses: Collection[str],
        authorization: Authorization,
        pool: HandlerPool,
        registry: ConnectionRegistry,
        events: EventBuilder,
        account: TokenBucket,
        quotas: Quotas,
        faults: Faults,
        clock: Clock,
        new_id: NewId,
        bus: EventBus,
    ) -> None:
        self.routes = routes
        self._route_responses = frozenset(route_responses)
        self._authorization = authorization
        self._pool = pool
        self._registry = registry
        self._events = events
        self._account = account
        self._new_connections = TokenBucket(
            per_second=quotas.connections_per_second, burst=quotas.connections_per_second, clock=clock.time
        )
        self._quotas = quotas
        self._faults = faults
        self._clock = clock
        self._new_id = new_id
        self._bus = bus

    async def connect(self, connection: GatewayConnection, request: HttpRequest) -> Accepted | HttpResponse:
        """Run `$connect`, if the route exists, and return its decision.

        Args:
            connection: The new connection.
            request: The handshake.

        Returns:
            `Accepted`, or the response that refuses the handshake.
        """
        admission = await self._admit(connection, request)
        if isinstance(admission, HttpResponse):
            logger.info("$connect %s: refused, %d", connection.id, admission.status)
            if self._bus:
                self._bus.publish(Refused(at=self._clock.time(), connection_id=connection.id, status=admission.status))
        return admission

    def opened(self, connection: GatewayConnection, subprotocol: str | None) -> None:
        """Register a connection that was accepted."""
        self._registry.opened(connection)
        self._check_expiry(connection)
        logger.info("$connect %s: connected", connection.id)
        if self._bus:
            caller = connection.caller
            self._bus.publish(
                Connected(
                    at=self._clock.time(),
                    connection_id=connection.id,
                    source_ip=caller.source_ip,
                    user_agent=caller.user_agent,
                    subprotocol=subprotocol,
                )
            )

    def ended(self, connection: GatewayConnection, close_status: CloseStatus) -> None:
        """Remove a connection that has ended: the management API now answers 410 for it."""
        self._registry.ended(connection)
        if connection.expiry is not None:
            connection.expiry.cancel()
        logger.info("$disconnect %s: %d %r", connection.id, close_status.code, close_status.reason)
        if self._bus:
            self._bus.publish(
                Ended(
                    at=self._clock.time(),
                    connection_id=connection.id,
                    code=close_status.code,
                    reason=close_status.reason,
                )
            )

    async def message(self, connection: GatewayConnection, body: str) -> None:
        """Select the route of a message and run its handler; send the client an error frame if either fails."""
        connection.last_active_at = self._clock.time()
        throttled = not self._account.take()
        route = None if throttled else self.routes.select(body)
        if self._bus:
            route_key = None if route is None else route.route_key
            self._bus.publish(
                Received(at=self._clock.time(), connection_id=connection.id, text=body, route_key=route_key)
            )
        if route is None:
            why = "the account's rate is exceeded" if throttled else "no route matches, and there is no $default"
            logger.warning("message of %s: %s", connection.id, why)
            text = TOO_MANY_REQUESTS if throttled else FORBIDDEN
            self._send(connection, error_frame(text, connection_id=connection.id, request_id=self._new_id()), "error")
            return
        logger.info("%s %s", route.route_key, connection.id)
        event = self._events.message(connection.caller, route_key=route.route_key, body=body)
        self._answer(connection, event, await self._invoke(route.target, event))

    async def disconnect(self, connection: GatewayConnection, close_status: CloseStatus) -> None:
        """Run `$disconnect`, if the route exists, and ignore its result."""
        handler = self.routes.disconnect
        if handler is not None and not connection.ends_unnoticed:
            await self._invoke(
                handler, self._events.disconnect(connection.caller, code=close_status.code, reason=close_status.reason)
            )

    async def _admit(self, connection: GatewayConnection, request: HttpRequest) -> Accepted | HttpResponse:
        if not self._account.take() or not self._new_connections.take():
            return http_error(429, TOO_MANY_REQUESTS)
        handler = self.routes.connect
        if handler is None:
            return Accepted(None)
        event = self._events.connect(connection.caller, request)
        authorized = await self._authorization.authorize(request, event)
        if isinstance(authorized, HttpResponse):
            return authorized
        if authorized is not None:
            connection.caller = replace(connection.caller, authorizer=authorized)
            event["requestContext"]["authorizer"] = dict(authorized)
        outcome = await self._invoke(handler, event)
        if not isinstance(outcome, ProxyResult):
            status = 504 if isinstance(outcome, TimedOut) else 502
            return HttpResponse(status, _error_of(outcome, event).encode(), _JSON)
        return Accepted(outcome.subprotocol) if outcome.accepts else HttpResponse(outcome.status_code)

    async def _invoke(self, handler: Handler, event: LambdaEvent) -> Outcome:
        connection_id = event["requestContext"]["connectionId"]
        if self._faults.times_out(connection_id):
            outcome: Outcome = await self._pool.run_too_long(handler, event, read_result)
        else:
            outcome = await self._pool.run(handler, event, read_result)
        if self._bus:
            self._bus.publish(Invoked(at=self._clock.time(), connection_id=connection_id, event=event, outcome=outcome))
        return outcome

    def _answer(self, connection: GatewayConnection, event: LambdaEvent, outcome: Outcome) -> None:
        """Send the client the error frame or the route response of a message, if it has one."""
        if not isinstance(outcome, ProxyResult):
            self._send(connection, _error_of(outcome, event), "error")
        elif outcome.body is not None and event["requestContext"]["routeKey"] in self._route_responses:
            if len(outcome.body.encode()) <= MAX_MESSAGE_BYTES:
                self._send(connection, outcome.body, "reply")
            else:
                self._send(connection, _error_of(Failed("its body is too large"), event), "error")

    def _send(self, connection: GatewayConnection, text: str, cause: str) -> None:
        if self._registry.get(connection.id) is not connection:
            return  # the client has disconnected while the handler ran
        if not connection.socket.send_text(text.encode()):
            logger.warning("%s reads too slowly: dropped its %s", connection.id, cause)
            return
        connection.last_active_at = now = self._clock.time()
        if self._bus:
            self._bus.publish(Delivered(at=now, connection_id=connection.id, text=text, cause=cause))

    def _check_expiry(self, connection: GatewayConnection) -> None:
        """Close the connection if it has reached the idle limit or its lifetime; otherwise set a timer for that."""
        idle_until = connection.last_active_at + self._quotas.idle_seconds
        alive_until = connection.caller.connected_at / 1000 + self._quotas.lifetime_seconds
        left = min(idle_until, alive_until) - self._clock.time()
        if left <= 0:
            connection.socket.close(GOING_AWAY.code, GOING_AWAY.reason)
        else:
            connection.expiry = self._clock.call_later(left, partial(self._check_expiry, connection))


def _error_of(outcome: Failed | TimedOut, event: LambdaEvent) -> str:
    context = event["requestContext"]
    text = ENDPOINT_REQUEST_TIMED_OUT if isinstance(outcome, TimedOut) else INTERNAL_SERVER_ERROR
    return error_frame(text, connection_id=context["connectionId"], request_id=context["requestId"])
