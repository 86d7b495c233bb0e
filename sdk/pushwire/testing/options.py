"""The options of a gateway under test."""

from collections.abc import Collection, Iterable, Mapping
from typing import TypedDict

from pushwire.gateway import Authorizer, Clock, GatewaySettings, Handler, NewId, Principal

__all__ = ["GatewayOptions"]


class GatewayOptions(TypedDict, total=False):
    """Keyword arguments of `local_gateway` and `async_local_gateway`, as of `pushwire.gateway.LocalGateway`.

    Attributes:
        routes: Handlers by route key, which take precedence over the handler. Defaults to no handlers.
        omit_routes: The routes among `$connect`, `$disconnect` and `$default` that the API does not have. Defaults to
            none of them.
        route_responses: The route keys with a route response. Defaults to no route responses.
        authorizer: The function that decides whether a client may connect. By default every client may connect.
        principals: The users that may sign requests. By default signatures are not checked.
        settings: The stage, quotas, a custom domain and more. Defaults to `GatewaySettings()`.
        clock: The gateway's clock. Defaults to a `Clock`, which runs with real time. A `ManualClock` runs only when it
            is advanced.
        new_id: A function that returns a new connection, request or message id. Defaults to random ids.
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
