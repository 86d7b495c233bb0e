"""One service's side of a router: its operations, the functions registered for them, and its Server SDKs."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

from pushwire.aws_lambda.errors import RouterError
from pushwire.aws_lambda.handlers import Handlers
from pushwire.aws_lambda.interceptors import Interceptor
from pushwire.operation import AnyOperation
from pushwire.server import ServerSdk

__all__ = ["HOOKS", "Registration", "Service", "checked_interceptors"]

S = TypeVar("S", bound=ServerSdk)

_CO_COROUTINE: Final = 0x80
"""The flag of an async function's code ("Code Objects Bit Flags", Python's documentation of inspect)."""

HOOKS: Final = ("on_connect", "on_disconnect", "on_default")
"""What can be registered besides operations."""


class Registration(NamedTuple):
    """A function, and the interceptors of its own.

    Attributes:
        function: Takes the request.
        interceptors: What runs around it, inside the interceptors of its router.
    """

    function: Callable[[Any], Any]
    interceptors: tuple[Interceptor, ...] = ()


class Service(Generic[S]):
    """What a router knows of one service.

    Attributes:
        name: What errors call its router.
        operations: All operations of the service, in the contract's order.
        inbound: Those that servers receive, by route.
        interceptors: The router's.
    """

    def __init__(
        self,
        name: str,
        operations: Mapping[str, AnyOperation],
        interceptors: Sequence[Interceptor],
        make_sdk: Callable[[str], S],
    ) -> None:
        self.name: Final = name
        self.operations: Final = tuple(operations.values())
        self.inbound: Final = {op.route: op for op in self.operations if op.direction.inbound}
        self.interceptors: Final = checked_interceptors(interceptors)
        self._neighbours: list[Service[Any]] = [self]
        self._method_names = {op.route: name for name, op in operations.items() if op.direction.inbound}
        self._registrations: dict[str, Registration] = {}
        self._handlers_name: str | None = None
        self._make_sdk = make_sdk
        self._sdks: dict[str, S] = {}
        self._lock = threading.Lock()

    def find(self, name: str) -> Registration | None:
        """Return what is registered for a route, or for a hook as `$` and its name (no route starts with `$`)."""
        return self._registrations.get(name)

    def join(self, services: Sequence["Service[Any]"]) -> None:
        """Share an API with other services from now on."""
        self._neighbours += [service for service in services if service not in self._neighbours]

    def use_class(self, handlers: Handlers[S]) -> None:
        """Register the methods of a handler class: all operations, and the hooks that it overrides.

        Raises:
            TypeError: It is no instance of the service's handler class, or a method is async.
        """
        if isinstance(handlers, type):
            raise TypeError(f"{self.name} takes an instance: {self.name}({handlers.__name__}())")
        owner = type(handlers).__name__
        if not isinstance(handlers, Handlers):
            raise TypeError(f"{self.name} takes handlers made for its service, not {owner}")
        for route, name in self._method_names.items():
            method = getattr(handlers, name, None)
            if method is None:
                raise TypeError(f"{self.name} takes handlers made for its service: {owner} has no method {name}")
            self._registrations[route] = Registration(_checked_function(method, f"{owner}.{name}"))
        for hook in HOOKS:
            if getattr(type(handlers), hook) is not getattr(Handlers, hook):
                method = getattr(handlers, hook)
                self._registrations[f"${hook}"] = Registration(_checked_function(method, f"{owner}.{hook}"))
        self._handlers_name = owner

    def register(
        self, key: str, shown: str, function: Callable[[Any], Any], interceptors: Sequence[Interceptor]
    ) -> None:
        """Register a function for a route, or for a hook as `$` and its name.

        Raises:
            RouterError: There is one already, or the router was given a handler class.
            TypeError: It is no function, or an async one.
        """
        if self._handlers_name is not None:
            raise RouterError(
                f"this {self.name} was given {self._handlers_name}, which handles {shown}: "
                f"change that class, or register every function on a {self.name}() of its own"
            )
        owners = self._neighbours if key == "$on_default" else [self]
        for owner in owners:
            known = owner.find(key)
            if known is not None:
                raise RouterError(
                    f"{owner.name} already has {_name(known.function)} for {shown}, so {_name(function)} cannot be it"
                )
        self._registrations[key] = Registration(
            _checked_function(function, _name(function)), checked_interceptors(interceptors)
        )

    def sdk(self, event: Mapping[str, Any]) -> S:
        """Return the Server SDK for the API that an event came from, built at the first call.

        Raises:
            pushwire.CallbackUrlError: No callback URL can be told from the event and the environment.
        """
        from pushwire.callback_url import CallbackUrl  # not needed before the first send

        url = CallbackUrl.from_event(event).url
        sdk = self._sdks.get(url)
        if sdk is None:
            with self._lock:
                sdk = self._sdks.get(url)
                if sdk is None:
                    sdk = self._sdks[url] = self._make_sdk(url)
        return sdk


def checked_interceptors(interceptors: Iterable[Interceptor]) -> tuple[Interceptor, ...]:
    """Return interceptors that a sync router can run.

    Raises:
        TypeError: They are no collection, or one of them is not callable, or async.
    """
    if callable(interceptors) or not isinstance(interceptors, Iterable):
        raise TypeError(f"interceptors= takes a list of interceptors, not {_name(interceptors)}")
    return tuple(_checked_function(interceptor, _name(interceptor)) for interceptor in interceptors)


F = TypeVar("F", bound=Callable[..., Any])


def _checked_function(function: F, name: str) -> F:
    if not callable(function):
        raise TypeError(f"a function is expected, not {name}")
    if _is_async(function) or _is_async(getattr(function, "__call__", None)):  # noqa: B004 - of an object, say
        raise TypeError(f"{name} is async, which this router cannot run: write it with def")
    return function


def _is_async(function: object) -> bool:
    # What inspect.iscoroutinefunction looks at; importing inspect is a tenth of a cold start.
    function = getattr(function, "func", function)  # of a functools.partial
    flags: int = getattr(getattr(function, "__code__", None), "co_flags", 0)
    return bool(flags & _CO_COROUTINE)


def _name(function: object) -> str:
    return getattr(function, "__qualname__", None) or type(function).__name__
