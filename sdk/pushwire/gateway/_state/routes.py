"""Route selection, by the expression `$request.body.route`. Pure.

Sources: "Create routes for WebSocket APIs" and "WebSocket selection expressions". A route key must match exactly; a
message that matches none goes to `$default`; one that is not JSON goes to `$default` too.
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

# What the contract allows as a route: the answer to "is this value a route key?" where no list of routes is known.
_ROUTE_KEY = re.compile(r"[A-Za-z0-9._/-]{1,128}")


class RouteError(PushwireError, ValueError):
    """The routes of a gateway cannot work; the text says which one, and what to write instead."""


@dataclass(frozen=True, slots=True)
class SelectedRoute(Generic[T]):
    """Where a message goes: the `routeKey` that the event carries, and what serves it."""

    route_key: str
    target: T


class RouteTable(Generic[T]):
    """The routes of an API and what serves each.

    Args:
        targets: What serves each route key, `$connect`, `$disconnect` and `$default` among them where they exist.
        every: What serves every message that `targets` has no key for: a handler whose routes are not known.
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
        """What serves `$connect`, or `None` if there is no such route."""
        return self._targets.get(CONNECT)

    @property
    def disconnect(self) -> T | None:
        """What serves `$disconnect`, or `None` if there is no such route."""
        return self._targets.get(DISCONNECT)

    def has(self, key: str) -> bool:
        """Return whether a message can be given to a route: `$default`, or a message route."""
        if key in {CONNECT, DISCONNECT}:
            return False
        return key in self._targets or (self._every is not None and _ROUTE_KEY.fullmatch(key) is not None)

    def select(self, body: str) -> SelectedRoute[T] | None:
        """Return where a message goes, or `None` if no route takes it.

        Args:
            body: The text of the message, whatever it holds.
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
    """Return what `$request.body.route` gives for a message.

    Args:
        body: The text of the message.

    Returns:
        The value as a string, an array as `[item1, item2]`, `""` where the message has no `route`; `None` for a
        message that is not JSON (NaN, too deep or too long a number included).
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
    """Return the routes that a handler serves.

    A handler with an attribute `operations` has one route for each operation that servers receive. A handler without
    one receives every message, unless `routes` names message routes: then those are all.

    Args:
        handler: Serves its own routes and `$connect`, `$disconnect` and `$default`; `None` if `routes` has them all.
        routes: What serves further route keys, or serves them in the handler's place.
        omit_routes: Those of `$connect`, `$disconnect` and `$default` that do not exist.

    Raises:
        RouteError: If there is no route at all, a key is not one that API Gateway accepts, a key is both given and
            switched off, or `operations` does not hold operations.
    """
    given = dict(routes or {})
    for key in given:
        _check_key(key)
    for key in omit_routes:
        if key not in _PREDEFINED:
            raise RouteError(f"route {key!r} cannot be switched off; {', '.join(_PREDEFINED)} can")
        if key in given:
            raise RouteError(f"route {key!r} is both given and switched off; drop one of the two")
    if handler is None:
        if not given:
            raise RouteError("there is no handler and no route; name a handler, such as chat_app:handler")
        return RouteTable(given)
    targets = {key: handler for key in _PREDEFINED if key not in omit_routes}
    operations = _operations(handler)
    if operations is not None:
        targets |= {operation.route: handler for operation in operations if operation.direction.inbound}
        return RouteTable(targets | given)
    knows_every = all(key in _PREDEFINED for key in given)
    return RouteTable(targets | given, every=handler if knows_every else None)


def operations_of(handlers: Iterable[object]) -> tuple[AnyOperation, ...]:
    """Return the operations that handlers tell of, of each direction, each once.

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
