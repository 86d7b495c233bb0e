"""The emulated API: what happens when a client connects, sends, or leaves. No sockets."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial

from pushwire.gateway._access.authorization import Authorization
from pushwire.gateway._functions.handlers import Handler, HandlerPool
from pushwire.gateway._management.faults import Faults
from pushwire.gateway._state.connections import Connection, Registry
from pushwire.gateway._state.events import Event, EventBuilder, Handshake
from pushwire.gateway._state.ids import NewId
from pushwire.gateway._state.quotas import TokenBucket
from pushwire.gateway._state.results import Failed, Outcome, ProxyResult, TimedOut, read_result
from pushwire.gateway._state.routes import RouteTable
from pushwire.gateway._wire.responses import (
    ENDPOINT_REQUEST_TIMED_OUT,
    FORBIDDEN,
    INTERNAL_SERVER_ERROR,
    TOO_MANY_REQUESTS,
    HttpResponse,
    error_frame,
    http_error,
)
from pushwire.gateway._wire.websocket import GOING_AWAY, Ending
from pushwire.gateway.clock import Clock
from pushwire.gateway.settings import MAX_MESSAGE_BYTES, Quotas
from pushwire.gateway.transcript import Connected, Delivered, Ended, Invoked, Journal, Received, Refused

__all__ = ["Accepted", "Admission", "Denied", "WebSocketApi"]

logger = logging.getLogger("pushwire.gateway")

_JSON = (("Content-Type", "application/json"),)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A handshake goes through, with this subprotocol if there is one."""

    subprotocol: str | None


@dataclass(frozen=True, slots=True)
class Denied:
    """A handshake is answered with this response instead."""

    response: HttpResponse


Admission = Accepted | Denied


class WebSocketApi:
    """One WebSocket API with its routes, handlers and connections.

    Args:
        routes: What serves each route.
        route_responses: The route keys that have a route response: what their handlers return as `body` is sent.
        authorization: Decides who may connect at all.
        pool: Runs handlers.
        registry: Holds the open connections.
        events: Builds events.
        account: The account's rate, which handshakes and messages take tokens of.
        quotas: What API Gateway allows.
        faults: What has been injected.
        clock: The gateway's clock.
        new_id: Makes request ids.
        journal: Who wants to know what happens.
    """

    def __init__(
        self,
        routes: RouteTable[Handler],
        *,
        route_responses: Collection[str],
        authorization: Authorization,
        pool: HandlerPool,
        registry: Registry,
        events: EventBuilder,
        account: TokenBucket,
        quotas: Quotas,
        faults: Faults,
        clock: Clock,
        new_id: NewId,
        journal: Journal,
    ) -> None:
        self.routes = routes
        self._route_responses = frozenset(route_responses)
        self._authorization = authorization
        self._pool = pool
        self._registry = registry
        self._events = events
        self._account = account
        self._newcomers = TokenBucket(
            per_second=quotas.connections_per_second, burst=quotas.connections_per_second, clock=clock.time
        )
        self._quotas = quotas
        self._faults = faults
        self._clock = clock
        self._new_id = new_id
        self._journal = journal

    async def connect(self, connection: Connection, handshake: Handshake) -> Admission:
        """Run `$connect`, if there is such a route, and return its verdict."""
        admission = await self._admit(connection, handshake)
        if isinstance(admission, Denied):
            logger.info("$connect %s: refused, %d", connection.id, admission.response.status)
            if self._journal:
                status = admission.response.status
                self._journal.note(Refused(at=self._clock.time(), connection_id=connection.id, status=status))
        return admission

    def opened(self, connection: Connection, subprotocol: str | None) -> None:
        """Note that a connection is established."""
        self._registry.opened(connection)
        self._watch(connection)
        logger.info("$connect %s: connected", connection.id)
        if self._journal:
            caller = connection.caller
            self._journal.note(
                Connected(
                    at=self._clock.time(),
                    connection_id=connection.id,
                    source_ip=caller.source_ip,
                    user_agent=caller.user_agent,
                    subprotocol=subprotocol,
                )
            )

    def ended(self, connection: Connection, ending: Ending) -> None:
        """Note that a connection has ended: from now on, it is gone."""
        self._registry.ended(connection)
        if connection.expiry is not None:
            connection.expiry.cancel()
        logger.info("$disconnect %s: %d %r", connection.id, ending.code, ending.reason)
        if self._journal:
            self._journal.note(
                Ended(at=self._clock.time(), connection_id=connection.id, code=ending.code, reason=ending.reason)
            )

    async def message(self, connection: Connection, body: str) -> None:
        """Select the route of a message and run its handler; tell the client if either fails."""
        connection.last_active_at = self._clock.time()
        throttled = not self._account.take()
        route = None if throttled else self.routes.select(body)
        if self._journal:
            route_key = None if route is None else route.route_key
            self._journal.note(
                Received(at=self._clock.time(), connection_id=connection.id, text=body, route_key=route_key)
            )
        if route is None:
            why = "the account's rate is spent" if throttled else "no route takes it, and there is no $default"
            logger.warning("message of %s: %s", connection.id, why)
            text = TOO_MANY_REQUESTS if throttled else FORBIDDEN
            self._tell(connection, error_frame(text, connection_id=connection.id, request_id=self._new_id()), "error")
            return
        logger.info("%s %s", route.route_key, connection.id)
        event = self._events.message(connection.caller, route_key=route.route_key, body=body)
        self._answer(connection, event, await self._invoke(route.target, event))

    async def disconnect(self, connection: Connection, ending: Ending) -> None:
        """Run `$disconnect`, if there is such a route; its result changes nothing."""
        handler = self.routes.disconnect
        if handler is not None and not connection.ends_unnoticed:
            await self._invoke(
                handler, self._events.disconnect(connection.caller, code=ending.code, reason=ending.reason)
            )

    async def _admit(self, connection: Connection, handshake: Handshake) -> Admission:
        if not self._account.take() or not self._newcomers.take():
            return Denied(http_error(429, TOO_MANY_REQUESTS))
        handler = self.routes.connect
        if handler is None:
            return Accepted(None)
        event = self._events.connect(connection.caller, handshake)
        authorized = await self._authorization.authorize(handshake.request, event)
        if isinstance(authorized, HttpResponse):
            return Denied(authorized)
        if authorized is not None:
            connection.caller = replace(connection.caller, authorizer=authorized)
            event["requestContext"]["authorizer"] = dict(authorized)
        outcome = await self._invoke(handler, event)
        if not isinstance(outcome, ProxyResult):
            status = 504 if isinstance(outcome, TimedOut) else 502
            return Denied(HttpResponse(status, _error_of(outcome, event).encode(), _JSON))
        return Accepted(outcome.subprotocol) if outcome.accepts else Denied(HttpResponse(outcome.status_code))

    async def _invoke(self, handler: Handler, event: Event) -> Outcome:
        connection_id = event["requestContext"]["connectionId"]
        if self._faults.times_out(connection_id):
            outcome: Outcome = await self._pool.run_too_long(handler, event, read_result)
        else:
            outcome = await self._pool.run(handler, event, read_result)
        if self._journal:
            self._journal.note(
                Invoked(at=self._clock.time(), connection_id=connection_id, event=event, outcome=outcome)
            )
        return outcome

    def _answer(self, connection: Connection, event: Event, outcome: Outcome) -> None:
        """Send what the client of a message gets to see of its handler's outcome."""
        if not isinstance(outcome, ProxyResult):
            self._tell(connection, _error_of(outcome, event), "error")
        elif outcome.body is not None and event["requestContext"]["routeKey"] in self._route_responses:
            if len(outcome.body.encode()) <= MAX_MESSAGE_BYTES:
                self._tell(connection, outcome.body, "reply")
            else:
                self._tell(connection, _error_of(Failed("its body is too large"), event), "error")

    def _tell(self, connection: Connection, text: str, cause: str) -> None:
        if self._registry.get(connection.id) is not connection:
            return  # it has left while the handler ran
        if not connection.channel.send_text(text.encode()):
            logger.warning("%s reads too slowly: its %s was dropped", connection.id, cause)
            return
        connection.last_active_at = now = self._clock.time()
        if self._journal:
            self._journal.note(Delivered(at=now, connection_id=connection.id, text=text, cause=cause))

    def _watch(self, connection: Connection) -> None:
        """Close the connection when its time is over: idle for too long, or alive for too long."""
        idle_until = connection.last_active_at + self._quotas.idle_seconds
        alive_until = connection.caller.connected_at / 1000 + self._quotas.lifetime_seconds
        left = min(idle_until, alive_until) - self._clock.time()
        if left <= 0:
            connection.channel.close(GOING_AWAY.code, GOING_AWAY.reason)
        else:
            connection.expiry = self._clock.call_later(left, partial(self._watch, connection))


def _error_of(outcome: Failed | TimedOut, event: Event) -> str:
    context = event["requestContext"]
    text = ENDPOINT_REQUEST_TIMED_OUT if isinstance(outcome, TimedOut) else INTERNAL_SERVER_ERROR
    return error_frame(text, connection_id=context["connectionId"], request_id=context["requestId"])
