"""The emulated API: what happens when a client connects, sends, or leaves. No sockets."""

import logging
from dataclasses import dataclass

from pushwire.gateway.connections import Connection, Registry
from pushwire.gateway.events import Event, EventBuilder, Handshake
from pushwire.gateway.handlers import Failed, Handler, HandlerPool
from pushwire.gateway.ids import Clock, NewId
from pushwire.gateway.responses import FORBIDDEN, INTERNAL_SERVER_ERROR, HttpResponse, error_frame
from pushwire.gateway.routes import RouteTable
from pushwire.gateway.websocket import Ending

__all__ = ["Accepted", "Admission", "Denied", "WebSocketApi"]

logger = logging.getLogger("pushwire.gateway")


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
        pool: Runs handlers.
        registry: Holds the open connections.
        events: Builds events.
        clock: The time of day.
        new_id: Makes request ids.
    """

    def __init__(
        self,
        routes: RouteTable[Handler],
        *,
        pool: HandlerPool,
        registry: Registry,
        events: EventBuilder,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._routes = routes
        self._pool = pool
        self._registry = registry
        self._events = events
        self._clock = clock
        self._new_id = new_id

    async def connect(self, connection: Connection, handshake: Handshake) -> Admission:
        """Run `$connect`, if there is such a route, and return its verdict."""
        handler = self._routes.connect
        if handler is None:
            return Accepted(None)
        event = self._events.connect(connection.caller, handshake)
        outcome = await self._pool.run(handler, event)
        if isinstance(outcome, Failed):
            return Denied(
                HttpResponse(502, _error(INTERNAL_SERVER_ERROR, event), (("Content-Type", "application/json"),))
            )
        logger.info("$connect %s: %d", connection.id, outcome.status_code)
        return Accepted(outcome.subprotocol) if outcome.accepts else Denied(HttpResponse(outcome.status_code))

    def opened(self, connection: Connection) -> None:
        """Note that a connection is established."""
        self._registry.opened(connection)

    def ended(self, connection: Connection) -> None:
        """Note that a connection has ended: from now on, it is gone."""
        self._registry.ended(connection)

    async def message(self, connection: Connection, body: str) -> None:
        """Select the route of a message and run its handler; tell the client if either fails."""
        connection.last_active_at = self._clock()
        route = self._routes.select(body)
        if route is None:
            logger.warning("message of %s: no route takes it, and there is no $default", connection.id)
            frame = error_frame(FORBIDDEN, connection_id=connection.id, request_id=self._new_id())
            self._tell(connection, frame.encode("utf-8"))
            return
        logger.info("%s %s", route.route_key, connection.id)
        event = self._events.message(connection.caller, route_key=route.route_key, body=body)
        if isinstance(await self._pool.run(route.target, event), Failed):
            self._tell(connection, _error(INTERNAL_SERVER_ERROR, event))

    async def disconnect(self, connection: Connection, ending: Ending) -> None:
        """Run `$disconnect`, if there is such a route; its result changes nothing."""
        logger.info("$disconnect %s: %d %r", connection.id, ending.code, ending.reason)
        handler = self._routes.disconnect
        if handler is not None:
            event = self._events.disconnect(connection.caller, code=ending.code, reason=ending.reason)
            await self._pool.run(handler, event)

    def _tell(self, connection: Connection, frame: bytes) -> None:
        # It may have left while the handler ran.
        if self._registry.get(connection.id) is connection and not connection.channel.send_text(frame):
            logger.warning("%s reads too slowly: an error frame was dropped", connection.id)


def _error(message: str, event: Event) -> bytes:
    context = event["requestContext"]
    frame = error_frame(message, connection_id=context["connectionId"], request_id=context["requestId"])
    return frame.encode("utf-8")
