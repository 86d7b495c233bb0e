"""Starting and stopping a local gateway on a running event loop."""

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

        async with LocalGateway(handler) as gateway:
            print(gateway.url, gateway.callback_url)

    Handlers run in threads. A handler's exceptions are logged to `pushwire.gateway`.

    Args:
        handler: A Lambda handler. If it has an attribute `operations`, the inbound ones are its routes; if not, it
            receives every message. It serves `$connect`, `$disconnect` and `$default` too. `None` if `routes` has all.
        routes: Handlers of single routes, by route key; they come before `handler`.
        omit_routes: Those of `$connect`, `$disconnect` and `$default` that the API does not have.
        route_responses: The route keys that have a route response: what their handlers return as `body` is sent to the
            client ("Set up route responses for WebSocket APIs"). Without one, nothing that a handler returns is.
        authorizer: Decides who may connect; everybody may unless given.
        principals: Who may call the management API, and connect where the authorizer is an `IamAuthorizer`: their
            requests have to be signed, on which botocore has the say. Unless given no signature is looked at.
        settings: Where to listen, what API Gateway allows, and limits.
        clock: The time, which tests may set ahead.
        new_id: Makes connection, request and message ids.
        seed: Where the random numbers of `faults` start.

    Attributes:
        settings: The settings.
        clock: The clock.
        faults: What can go wrong, on demand.
        registry: The open connections.
        console: The console, if the settings ask for one.
        loop: The event loop that it runs on, and that all its methods belong to; known once it listens.
        port: The port that it listens on; known once it does.

    Raises:
        RouteError: If the routes cannot work.
        SettingsError: If the authorizer or the principals cannot.
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
            raise SettingsError("an IamAuthorizer needs principals: somebody has to sign handshakes")
        self._authorizer = access if isinstance(authorizer, IamAuthorizer) else authorizer
        self.authorized_management = AuthorizedManagementApi(management, self.management, access=access)
        self.console: Console | None = None
        if self.settings.console:
            operations = operations_of([handler, *(routes or {}).values()])
            self.console = Console(self, stage=self.settings.stage, operations=operations)
            self._bus.observe(self.console.publish)
        self._listener = TcpListener(self.settings.limits)
        self.spawn, self.joined, self.left = self._listener.spawn, self._listener.joined, self._listener.left

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: If the address cannot be bound.
            RuntimeError: If it was started before.
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
            Whether every handler has returned. One that has not within `shutdown_seconds` is abandoned in its thread,
            with a warning.
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
        """What events carry as `domainName`: the custom domain, else this host and port; known once it listens."""
        domain = self.settings.custom_domain
        return self._address if domain is None else domain.name

    @property
    def url(self) -> str:
        """The URL that clients connect to; known once it listens."""
        return f"ws://{self._address}{self._base_path}"

    @property
    def callback_url(self) -> str:
        """The URL that servers post to; known once it listens."""
        return f"http://{self._address}{self._base_path}"

    @property
    def console_url(self) -> str | None:
        """The URL of the console, if there is one; known once it listens."""
        return None if self.console is None else f"http://{self._address}/"

    @property
    def route_keys(self) -> tuple[str, ...]:
        """The route keys that are known, in order."""
        return self._routes.keys

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Tell an observer of everything that passes from now on, such as a `Transcript`.

        Args:
            observer: Is called with each entry, on the event loop.

        Returns:
            What to call to tell it no more.
        """
        return self._bus.observe(observer)

    def use_handlers(self, handler: Handler | None, *, routes: Mapping[str, Handler] | None = None) -> None:
        """Give events to other handlers from now on; connections stay open. Calls that run are not disturbed.

        Args:
            handler: As at construction.
            routes: As at construction.

        Raises:
            RouteError: If the routes cannot work; the handlers stay as they were.
        """
        table = route_table(handler, routes=routes, omit_routes=self._omit_routes)
        _check_route_responses(self._route_responses, table)
        _check_authorizer(self._authorizer, table)
        self._routes = self.api.routes = table
        if self.console is not None:
            self.console.use_operations(operations_of([handler, *(routes or {}).values()]))

    def receive(self, connection_id: str, text: str) -> None:
        """Take a message as if a client had sent it.

        Args:
            connection_id: Which client; nothing happens if it is not open.
            text: The text of the message.
        """
        for connection in self._open(connection_id):
            connection.socket.receive(text)

    def silence(self, connection_id: str | None = None, *, disconnect_after: float | None = None) -> None:
        """Let clients die silently: posts are accepted and reach nobody, and nothing they send is heard.

        Args:
            connection_id: Which one; all that are open unless given.
            disconnect_after: After how many seconds, on the gateway's clock, API Gateway notices: `$disconnect` runs
                with 1006. Unless given it never does, not even when the connection's time is over.
        """
        for connection in self._open(connection_id):
            connection.socket.fall_silent()
            if disconnect_after is None:
                connection.ends_unnoticed = True
            else:
                self.clock.call_later(disconnect_after, partial(self._notice_death, connection))

    def drop(self, connection_id: str | None = None) -> None:
        """Cut the TCP connections of clients: they see no close frame, and `$disconnect` runs with 1006.

        Args:
            connection_id: Which one; all that are open unless given.
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
        """Close clients with a close frame, as API Gateway does when it restarts, say.

        Args:
            connection_id: Which one; all that are open unless given.
            code: The close code.
            reason: The reason that goes with it.
        """
        for connection in self._open(connection_id):
            connection.socket.close(code, reason)

    async def settled(self) -> None:
        """Wait until everything that has begun is done: handlers, handshakes, answers; not what waits for the clock."""
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
