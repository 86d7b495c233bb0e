"""The options of `pushwire dev`, and the gateway that they describe."""

import argparse
import dataclasses
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pushwire.cli import dev_access

if TYPE_CHECKING:
    from pushwire.gateway import Handler, LocalGateway, Principal
    from pushwire.gateway._server.reloading import LoadedHandlers

__all__ = ["DEFAULT_PORT", "add_arguments", "gateway", "load_handlers"]

logger = logging.getLogger("pushwire.cli")

DEFAULT_PORT: Final = 3001


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of `dev`."""
    parser.add_argument(
        "handler", nargs="?", metavar="module:attribute", help="the Lambda handler, such as chat_app:handler"
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="the port; 0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--stage", default="local", help="the stage of the API (default: %(default)s)")
    parser.add_argument(
        "--route",
        action="append",
        default=[],
        metavar="KEY=module:attribute",
        help="the handler of one route; may be repeated",
    )
    for key in ("connect", "disconnect", "default"):
        parser.add_argument(
            f"--no-{key}-route",
            dest="omit_routes",
            action="append_const",
            const=f"${key}",
            default=[],
            help=f"omit the route ${key}",
        )
    parser.add_argument(
        "--route-response",
        action="append",
        default=[],
        metavar="KEY",
        help="add a route response to a route: the body of its handler's result is sent to the client; may be repeated",
    )
    parser.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="also log each frame that handlers send; -vv adds the INFO records of other libraries",
    )
    parser.add_argument("--reload", action="store_true", help="reload the handlers when their code changes")
    parser.add_argument(
        "--instances",
        type=int,
        metavar="N",
        help="run up to N instances of each handler, each in a process of its own that takes one event at a time "
        "(default: one instance, in a thread of this process)",
    )
    parser.add_argument(
        "--message-order",
        choices=["concurrent", "serial"],
        default="concurrent",
        help="whether events of one connection may be handled at the same time (default: %(default)s)",
    )
    parser.add_argument(
        "--custom-domain",
        metavar="NAME[/KEY]",
        help="map the API to a custom domain, such as ws.example.com/chat; the gateway's address replaces the domain",
    )


def load_handlers(args: argparse.Namespace, set_up: Callable[[], None]) -> "LoadedHandlers":
    """Import the handlers that the options name.

    Args:
        args: The parsed options.
        set_up: A function that each process of `--instances` calls first. It must be picklable.

    Raises:
        PushwireError: A handler cannot be loaded, or an option `--route` is malformed or repeats a route.
    """
    from pushwire.gateway import RouteError, load_handler
    from pushwire.gateway._functions.processes import in_processes
    from pushwire.gateway._server.reloading import LoadedHandlers

    def load(path: str) -> "Handler":
        handler = load_handler(path)
        return handler if args.instances is None else in_processes(handler, path, set_up)

    routes: dict[str, Handler] = {}
    for option in args.route:
        key, equals, path = option.partition("=")
        if not equals:
            raise RouteError(f"--route {option}: expected KEY=module:attribute, such as JoinRoom=chat_app:join")
        if key in routes:
            raise RouteError(f"--route {option}: the route {key!r} has two handlers; remove one")
        routes[key] = load(path)
    return LoadedHandlers(None if args.handler is None else load(args.handler), routes)


def gateway(args: argparse.Namespace, loaded: "LoadedHandlers") -> "LocalGateway":
    """Return the gateway that the options describe.

    Args:
        args: The parsed options.
        loaded: The handlers.

    Raises:
        PushwireError: An option is invalid, or cannot be combined with another.
        ImportError: An extra that an option needs is not installed.
    """
    from pushwire.gateway import CustomDomain, GatewaySettings, Limits, LocalGateway, MessageOrder

    name, _, mapping_key = (args.custom_domain or "").partition("/")
    settings = GatewaySettings(
        host=args.host,
        port=args.port,
        stage=args.stage,
        message_order=MessageOrder(args.message_order),
        custom_domain=CustomDomain(name, mapping_key) if args.custom_domain else None,
        console=not args.custom_domain,
        limits=Limits() if args.instances is None else Limits(instances=args.instances),
    )
    principals: tuple[Principal, ...] = ()
    if args.require_signatures:
        principal, region = dev_access.signer()
        logger.info("posts must be signed with the access key %r for %s", principal.access_key_id, region)
        principals, settings = (principal,), dataclasses.replace(settings, region=region)
    return LocalGateway(
        loaded.handler,
        routes=loaded.routes,
        omit_routes=args.omit_routes,
        route_responses=args.route_response,
        authorizer=dev_access.authorizer(args),
        principals=principals,
        settings=settings,
    )
