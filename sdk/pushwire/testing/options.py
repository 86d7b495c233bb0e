"""What can be set on a gateway under test."""

from collections.abc import Collection, Iterable, Mapping
from typing import TypedDict

from pushwire.gateway import Authorizer, Clock, GatewaySettings, Handler, NewId, Principal

__all__ = ["GatewayOptions"]


class GatewayOptions(TypedDict, total=False):
    """The keyword arguments of `local_gateway` and `async_local_gateway`: those of `pushwire.gateway.LocalGateway`.

    Attributes:
        routes: Handlers of single routes, by route key; they come before the handler.
        omit_routes: Those of `$connect`, `$disconnect` and `$default` that the API does not have.
        route_responses: The route keys that have a route response.
        authorizer: Decides who may connect; everybody may unless given.
        principals: Who may sign requests; no signature is looked at unless given.
        settings: The stage, quotas, a custom domain and more.
        clock: The gateway's clock: one that runs with real time unless given. `ManualClock` stands still.
        new_id: Makes connection, request and message ids.
        seed: Where the random numbers of faults start.
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
