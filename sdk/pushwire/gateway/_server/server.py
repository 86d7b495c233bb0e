"""A local gateway that runs on an asyncio event loop."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from types import TracebackType
from typing import Self

from pushwire.gateway._access.authorization import Authorization
from pushwire.gateway._access.authorizers import Authorizer, IamAuthorizer
from pushwire.gateway._access.iam import IamAccess
from pushwire.gateway._access.policies import ApiResources
from pushwire.gateway._access.principals import Principal
from pushwire.gateway._api import EmulatedApi
from pushwire.gateway._console import Console
from pushwire.gateway._functions.handlers import Handler, HandlerPool
from pushwire.gateway._management.authorized import AuthorizedManagementApi
from pushwire.gateway._management.faults import Faults
from pushwire.gateway._management.faulty import FaultyManagementApi
from pushwire.gateway._management.management import ManagementApi
from pushwire.gateway._server.http_protocol import HttpProtocol
from pushwire.gateway._server.listener import TcpListener
from pushwire.gateway._state.connections import ConnectionRegistry, GatewayConnection
from pushwire.gateway._state.events import ApiIdentity, EventBuilder
from pushwire.gateway._state.ids import NewId, random_id
from pushwire.gateway._state.quotas import TokenBucket
from pushwire.gateway._state.routes import RouteError, RouteTable, operations_of, route_table
from pushwire.gateway._wire.addressing import Addressing
from pushwire.gateway._wire.websocket import SERVICE_RESTART
from pushwire.gateway.clock import Clock
from pushwire.gateway.settings import GatewaySettings, SettingsError
from pushwire.gateway.transcript import EventBus, Observer

__all__ = ["LocalGateway"]


class LocalGateway:
    """An API Gateway WebSocket API on this machine; an async context manager.

    A handler runs in a thread, and takes one event at a time. Its exceptions are logged to `pushwire.gateway`.

    Example:
        ```python
        async with LocalGateway(handler) as gateway:
            print(gateway.url, gateway.callback_url)
        ```

    Args:
        handler: A Lambda handler. If it has an attribute `operations`, the inbound ones are its routes; if not, it
            receives every message. It also serves `$connect`, `$disconnect` and `$default`. `None` if `routes` has all.
        routes: Handlers by route key; they take precedence over `handler`.
        omit_routes: The routes among `$connect`, `$disconnect` and `$default` that the API does not have.
        route_responses: The route keys with a route response: the `body` of a handler's result is sent to the client
            ("Set up route responses for WebSocket APIs"). On other routes the body is ignored.
        authorizer: Decides whether a client may connect. Defaults to none: every client may.
        principals: The users that may call the management API, and connect if the authorizer is an `IamAuthorizer`.
            Their requests must be signed; botocore checks the signatures. Defaults to none: nothing is checked.
        settings: The address, names, quotas and limits. Defaults to `GatewaySettings()`.
        clock: The clock, which tests may advance. Defaults to a `Clock`, which runs with real time.
        new_id: Returns a new connection, request or message id. Defaults to random ids.
        seed: The seed of the random numbers of `faults`. Defaults to 0.

    Attributes:
        settings: The settings.
        clock: The clock.
        faults: Injects faults.
        registry: The open connections.
        console: The console, or `None` if the settings turn it off.
        loop: The event loop, to which all methods belong; set by `start`.
        port: The port; set by `start`.

    Raises:
        RouteError: The routes are invalid.
        SettingsError: The authorizer or the principals are invalid.
        ImportError: There are principals, and botocore is not installed.
    """

    def __init__(
        self,
        handler: Handler | None,
        *,
        routes: Mapping[str, Handler] | None = None,
        omit_routes: Collection[str] = (),
        route_responses: Iterable[str] = (),
        authorizer: Authorizer | None = None,
        principals: Collection[Principal] = (),
        settings: GatewaySettings | None = None,
        clock: Clock | None = None,
        new_id: NewId = random_id,
        seed: int = 0,
    ) -> None:
        self._omit_routes = omit_routes
        self._handlers = [handler, *(routes or {}).values()]
        self._routes = route_table(handler, routes=routes, omit_routes=omit_routes)
        self._route_responses = frozenset(route_responses)
        _check_route_responses(self._route_responses, self._routes)
        self.settings = settings or GatewaySettings()
        self.clock = clock or Clock()
        self.new_id = new_id
        self.faults = Faults(seed=seed)
        self.registry = ConnectionRegistry()
        self.addressing = Addressing(self.settings)
        self.stopping = False
        self._bus = EventBus()
        quotas = self.settings.quotas
        self._account = TokenBucket(
            per_second=quotas.requests_per_second, burst=quotas.request_burst, clock=self.clock.time
        )
        management = ManagementApi(self.registry, account=self._account, clock=self.clock.time, bus=self._bus)
        self.management = FaultyManagementApi(management, faults=self.faults, clock=self.clock)
        api = self.settings
        self._resources = ApiResources(api.region, api.account_id, api.api_id, api.stage)
        access = IamAccess(principals, resources=self._resources) if principals else None
        _check_authorizer(authorizer, self._routes)
        if isinstance(authorizer, IamAuthorizer) and access is None:
            raise SettingsError("an IamAuthorizer requires principals, which sign the handshakes; pass principals=")
        self._authorizer = access if isinstance(authorizer, IamAuthorizer) else authorizer
        self.authorized_management = AuthorizedManagementApi(management, self.management, access=access)
        self.console: Console | None = None
        if self.settings.console:
            self.console = Console(self, stage=self.settings.stage, operations=operations_of(self._handlers))
            self._bus.observe(self.console.publish)
        self._listener = TcpListener(self.settings.limits)
        self.spawn, self.joined, self.left = self._listener.spawn, self._listener.joined, self._listener.left

    async def start(self) -> None:
        """Start to listen.

        Raises:
            OSError: The address cannot be bound.
            RuntimeError: The gateway was started before.
        """
        self.loop = asyncio.get_running_loop()
        self.port: int = await self._listener.listen(
            self.settings.listen_address, self.settings.port, lambda: HttpProtocol(self)
        )
        quotas = self.settings.quotas
        self._pool = HandlerPool(self.settings, clock=self.clock)
        api = self.settings
        identity = ApiIdentity(api.api_id, api.stage, self.domain_name, self.port, api.stage_variables)
        self.api = EmulatedApi(
            self._routes,
            route_responses=self._route_responses,
            authorization=Authorization(self._authorizer, method_arn=self._resources.connect, pool=self._pool),
            pool=self._pool,
            registry=self.registry,
            events=EventBuilder(identity, clock=self.clock.time, new_id=self.new_id),
            account=self._account,
            quotas=quotas,
            faults=self.faults,
            clock=self.clock,
            new_id=self.new_id,
            bus=self._bus,
        )

    async def stop(self) -> bool:
        """Close every connection (1012), wait for the handlers that run, and stop listening.

        Returns:
            Whether every handler has returned. A handler that has not returned within `shutdown_seconds` is abandoned
            in its thread, with a warning.
        """
        if not self._listener.listening or self.stopping:
            return True
        self.stopping = True
        # Handlers of $disconnect may still post to this gateway: it answers until they have returned.
        self.close()
        self.clock.stop()
        idle = await self._listener.finish_work() and not self._pool.busy
        await self._listener.stop()
        self._pool.close()
        if idle:
            self._pool.join()
        return idle

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def domain_name(self) -> str:
        """The `domainName` in events: the custom domain, else this host and port. Available after `start`."""
        domain = self.settings.custom_domain
        return self._address if domain is None else domain.name

    @property
    def url(self) -> str:
        """The URL that clients connect to. Available after `start`."""
        return f"ws://{self._address}{self._base_path}"

    @property
    def callback_url(self) -> str:
        """The URL that servers post to. Available after `start`."""
        return f"http://{self._address}{self._base_path}"

    @property
    def console_url(self) -> str | None:
        """The URL of the console, or `None` if it is off. Available after `start`."""
        return None if self.console is None else f"http://{self._address}/"

    @property
    def route_keys(self) -> tuple[str, ...]:
        """The known route keys, in order."""
        return self._routes.keys

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Add an observer of the traffic, such as a `Transcript`.

        Args:
            observer: A function that is called with each entry, on the event loop.

        Returns:
            A function that removes the observer.
        """
        return self._bus.observe(observer)

    def use_handlers(self, handler: Handler | None, *, routes: Mapping[str, Handler] | None = None) -> None:
        """Replace the handlers; connections stay open, and running calls continue.

        Args:
            handler: The handler, as at construction.
            routes: Handlers by route key, as at construction.

        Raises:
            RouteError: The routes are invalid; the handlers are not replaced.
        """
        table = route_table(handler, routes=routes, omit_routes=self._omit_routes)
        _check_route_responses(self._route_responses, table)
        _check_authorizer(self._authorizer, table)
        self._routes = self.api.routes = table
        self._pool.retire(self._handlers)
        self._handlers = [handler, *(routes or {}).values()]
        if self.console is not None:
            self.console.use_operations(operations_of(self._handlers))

    def receive(self, connection_id: str, text: str) -> None:
        """Handle a message as if a client had sent it.

        Args:
            connection_id: The id of the connection; if it is not open, nothing happens.
            text: The text of the message.
        """
        for connection in self._open(connection_id):
            connection.socket.receive(text)

    def silence(self, connection_id: str | None = None, *, disconnect_after: float | None = None) -> None:
        """Stop all traffic of clients without closing their connections: posts succeed but are not delivered.

        Args:
            connection_id: The id of one connection. Defaults to all open connections.
            disconnect_after: Seconds, on the gateway's clock, until API Gateway notices and `$disconnect` runs with
                1006. Defaults to never, not even at the idle limit or at the end of the connection's lifetime.
        """
        for connection in self._open(connection_id):
            connection.socket.fall_silent()
            if disconnect_after is None:
                connection.ends_unnoticed = True
            else:
                self.clock.call_later(disconnect_after, partial(self._notice_death, connection))

    def drop(self, connection_id: str | None = None) -> None:
        """Abort the TCP connections of clients: they get no close frame, and `$disconnect` runs with 1006.

        Args:
            connection_id: The id of one connection. Defaults to all open connections.
        """
        for connection in self._open(connection_id):
            connection.socket.drop()

    def close(
        self,
        connection_id: str | None = None,
        *,
        code: int = SERVICE_RESTART.code,
        reason: str = SERVICE_RESTART.reason,
    ) -> None:
        """Close connections with a close frame, by default as API Gateway does when it restarts.

        Args:
            connection_id: The id of one connection. Defaults to all open connections.
            code: The close code. Defaults to 1012.
            reason: The reason in the close frame. Defaults to "Service restart".
        """
        for connection in self._open(connection_id):
            connection.socket.close(code, reason)

    async def settled(self) -> None:
        """Wait for handlers, handshakes and responses in progress, except those that wait for the clock."""
        await self._listener.settled(lambda: self.clock.sleepers)

    @property
    def _address(self) -> str:
        return f"{self.settings.loopback_host}:{self.port}"

    @property
    def _base_path(self) -> str:
        domain = self.settings.custom_domain
        segment = self.settings.stage if domain is None else domain.mapping_key
        return f"/{segment}" if segment else ""

    def _open(self, connection_id: str | None) -> Iterable[GatewayConnection]:
        if connection_id is None:
            return tuple(self.registry)
        connection = self.registry.get(connection_id)
        return () if connection is None else (connection,)

    def _notice_death(self, connection: GatewayConnection) -> None:
        if self.registry.get(connection.id) is connection:
            connection.socket.drop()


def _check_route_responses(route_responses: frozenset[str], routes: RouteTable[Handler]) -> None:
    for key in sorted(route_responses):
        if not routes.has(key):
            raise RouteError(f"route response {key!r}: the API has no such message route")


def _check_authorizer(authorizer: object, routes: RouteTable[Handler]) -> None:
    if authorizer is not None and routes.connect is None:
        raise SettingsError("an authorizer belongs to the route $connect, which the API does not have")
