"""The options of a gateway under test."""

from collections.abc import Collection, Iterable, Mapping
from typing import TypedDict

from pushwire.gateway import Authorizer, Clock, GatewaySettings, Handler, NewId, Principal

__all__ = ["GatewayOptions"]


class GatewayOptions(TypedDict, total=False):
    """The keyword arguments of `local_gateway` and `async_local_gateway`: those of `pushwire.gateway.LocalGateway`.

    Attributes:
        routes: Handlers by route key; they take precedence over the handler.
        omit_routes: The routes among `$connect`, `$disconnect` and `$default` that the API does not have.
        route_responses: The route keys with a route response.
        authorizer: Decides whether a client may connect. Defaults to none: every client may.
        principals: The users that may sign requests. Defaults to none: signatures are not checked.
        settings: The stage, quotas, a custom domain and more. Defaults to `GatewaySettings()`.
        clock: The gateway's clock. Defaults to a `Clock`, which runs with real time; a `ManualClock` stands still.
        new_id: Returns a new connection, request or message id. Defaults to random ids.
        seed: The seed of the random numbers of faults. Defaults to 0.
    """

    routes: Mapping[str, Handler] | None
    omit_routes: Collection[str]
    route_responses: Iterable[str]
    authorizer: Authorizer | None
    principals: Collection[Principal]
    settings: GatewaySettings | None
    clock: Clock | None
    new_id: NewId
    seed: int
