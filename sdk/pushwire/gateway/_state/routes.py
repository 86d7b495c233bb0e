"""Route selection with the expression `$request.body.route`. Pure.

Sources: "Create routes for WebSocket APIs" and "WebSocket selection expressions". A route key must match exactly. A
message that matches no route key or is not JSON goes to `$default`.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar, cast

from pushwire.errors import PushwireError
from pushwire.operation import AnyOperation, Operation

__all__ = [
    "CONNECT",
    "DEFAULT",
    "DISCONNECT",
    "RouteError",
    "RouteTable",
    "SelectedRoute",
    "operations_of",
    "route_table",
    "selection_value",
]

T = TypeVar("T")

CONNECT = "$connect"
DISCONNECT = "$disconnect"
DEFAULT = "$default"
_PREDEFINED = (CONNECT, DISCONNECT, DEFAULT)

# The routes that a contract allows. Used where the routes of a handler are not known: every such value is a route key.
_ROUTE_KEY = re.compile(r"[A-Za-z0-9._/-]{1,128}")


class RouteError(PushwireError, ValueError):
    """A route of the gateway is invalid; the text names it and says what to write instead."""


@dataclass(frozen=True, slots=True)
class SelectedRoute(Generic[T]):
    """The selected route of a message: its `routeKey` in the event, and its target, such as a handler."""

    route_key: str
    target: T


class RouteTable(Generic[T]):
    """The routes of an API with their targets, such as handlers.

    Args:
        targets: The target of each route key, including `$connect`, `$disconnect` and `$default` if they exist.
        every: The target of messages whose route is not a key of `targets`: a handler whose routes are not known.
            Defaults to none.
    """

    def __init__(self, targets: Mapping[str, T], *, every: T | None = None) -> None:
        self._targets = dict(targets)
        self._every = every

    @property
    def keys(self) -> tuple[str, ...]:
        """The known route keys, in order."""
        return tuple(self._targets)

    @property
    def connect(self) -> T | None:
        """The target of `$connect`, or `None` if the route does not exist."""
        return self._targets.get(CONNECT)

    @property
    def disconnect(self) -> T | None:
        """The target of `$disconnect`, or `None` if the route does not exist."""
        return self._targets.get(DISCONNECT)

    def has(self, key: str) -> bool:
        """Return whether a route for messages exists: `$default`, or the route of an operation."""
        if key in {CONNECT, DISCONNECT}:
            return False
        return key in self._targets or (self._every is not None and _ROUTE_KEY.fullmatch(key) is not None)

    def select(self, body: str) -> SelectedRoute[T] | None:
        """Select the route of a message, or return `None` if no route matches.

        Args:
            body: The text of the message; it need not be JSON.
        """
        value = selection_value(body)
        if value is not None and not value.startswith("$"):
            target = self._targets.get(value)
            if target is not None:
                return SelectedRoute(value, target)
            if self._every is not None and _ROUTE_KEY.fullmatch(value):
                return SelectedRoute(value, self._every)
        default = self._targets.get(DEFAULT)
        return None if default is None else SelectedRoute(DEFAULT, default)


def selection_value(body: str) -> str | None:
    """Evaluate `$request.body.route` for a message.

    Args:
        body: The text of the message.

    Returns:
        The value as a string (an array as `[item1, item2]`); `""` if the message has no `route`; `None` if the message
        is not JSON, or contains NaN, too many levels or a too long number.
    """
    try:
        message: object = json.loads(body, parse_constant=_refuse_constant)
        if not isinstance(message, dict) or "route" not in message:
            return ""
        return _stringified(cast("dict[str, object]", message)["route"])
    except (ValueError, RecursionError):
        return None


def route_table(
    handler: T | None, *, routes: Mapping[str, T] | None = None, omit_routes: Collection[str] = ()
) -> RouteTable[T]:
    """Return the routes of a handler.

    A handler with an attribute `operations` has one route for each inbound operation. A handler without it receives
    every message, unless `routes` has message routes: then the API has only those.

    Args:
        handler: The target of its own routes and of `$connect`, `$disconnect` and `$default`; `None` if `routes` has
            all routes.
        routes: The targets of further route keys; they take precedence over `handler`. Defaults to none.
        omit_routes: The routes among `$connect`, `$disconnect` and `$default` that do not exist. Defaults to none.

    Raises:
        RouteError: There is no route, API Gateway does not accept a key, a key is both in `routes` and omitted, or
            `operations` does not hold operations.
    """
    given = dict(routes or {})
    for key in given:
        _check_key(key)
    for key in omit_routes:
        if key not in _PREDEFINED:
            raise RouteError(f"route {key!r} cannot be omitted; only {', '.join(_PREDEFINED)} can")
        if key in given:
            raise RouteError(f"route {key!r} has a handler and is omitted; remove one of the two")
    if handler is None:
        if not given:
            raise RouteError("the API has no handler and no route; pass a handler, such as chat_app:handler")
        return RouteTable(given)
    targets = {key: handler for key in _PREDEFINED if key not in omit_routes}
    operations = _operations(handler)
    if operations is not None:
        targets |= {operation.route: handler for operation in operations if operation.direction.inbound}
        return RouteTable(targets | given)
    knows_every = all(key in _PREDEFINED for key in given)
    return RouteTable(targets | given, every=handler if knows_every else None)


def operations_of(handlers: Iterable[object]) -> tuple[AnyOperation, ...]:
    """Return the operations in the handlers' attributes `operations`, of both directions, without duplicates.

    Raises:
        RouteError: An attribute `operations` does not hold operations.
    """
    found = {operation.full_name: operation for handler in handlers for operation in _operations(handler) or ()}
    return tuple(found.values())


def _check_key(key: str) -> None:
    if key in _PREDEFINED or (key and not key.startswith("$")):
        return
    what = "starts with '$'" if key else "is empty"
    raise RouteError(f"route {key!r} {what}; the only routes with a '$' are {', '.join(_PREDEFINED)}")


def _operations(handler: object) -> list[AnyOperation] | None:
    operations = getattr(handler, "operations", None)
    if operations is None:
        return None
    if not isinstance(operations, Iterable):
        raise _not_operations(operations)
    found = list(cast("Iterable[object]", operations))
    for operation in found:
        if not isinstance(operation, Operation):
            raise _not_operations(operation)
    return cast("list[AnyOperation]", found)


def _not_operations(found: object) -> RouteError:
    return RouteError(
        f"the handler's attribute 'operations' must hold pushwire.Operation objects, not {type(found).__name__}"
    )


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _stringified(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_stringified, cast('list[object]', value)))}]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
