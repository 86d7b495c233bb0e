"""The service of a router: its operations, the functions registered for them, and its Server SDKs."""

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

from pushwire._functions import is_async, name_of
from pushwire._log import logger
from pushwire.aws_lambda.errors import RouterError
from pushwire.aws_lambda.handlers import AsyncHandlers, Handlers
from pushwire.operation import AnyOperation
from pushwire.server import AsyncServerSdk, BaseServerSdk, ServerSdk
from pushwire.store import AsyncStore, ConnectionStore
from pushwire.store.async_store import checked_store

__all__ = ["ASYNC", "HOOKS", "SYNC", "Mode", "Registration", "RoutedService", "checked_interceptors"]

S = TypeVar("S", bound=BaseServerSdk[Any, Any])
F = TypeVar("F", bound=Callable[..., Any])

HOOKS: Final = ("on_connect", "on_disconnect", "on_default")
_RUN_TOGETHER: Final = frozenset(hook.replace("_", "") for hook in HOOKS)
"""The names of the functions that can be registered besides operations."""


class Mode(NamedTuple):
    """The kind of functions that a router runs: `def` or `async def`.

    Attributes:
        name: The name in error texts.
        definition: `def` or `async def`.
        handlers: The base of its handler classes.
        sdk: The base of its Server SDKs.
        is_async: Whether its functions are async.
    """

    name: str
    definition: str
    handlers: type[Any]
    sdk: type[BaseServerSdk[Any, Any]]
    is_async: bool

    def checked(self, function: F, name: str) -> F:
        """Return the function if a router of this mode can run it.

        Args:
            function: The function.
            name: Its name, for the error text.

        Raises:
            TypeError: It is not a function, or has the other mode.
        """
        if not callable(function):
            raise TypeError(f"a router takes functions, not {name}")
        if is_async(function) != self.is_async:
            kind = "not async" if self.is_async else "async"
            raise TypeError(f"{name} is {kind}, which this router cannot run: define it with {self.definition}")
        return function


SYNC: Final = Mode("sync", "def", Handlers, ServerSdk, is_async=False)
ASYNC: Final = Mode("async", "async def", AsyncHandlers, AsyncServerSdk, is_async=True)


class Registration(NamedTuple):
    """A registered function and its own interceptors.

    Attributes:
        function: The function, which takes the request.
        interceptors: The interceptors of the function, which run inside those of its router.
    """

    function: Callable[[Any], Any]
    interceptors: tuple[Any, ...] = ()


class RoutedService(Generic[S]):
    """The service of a router.

    Args:
        name: The name of its router in error texts.
        operations: All operations of the service, by the name of their method.
        interceptors: The interceptors of the router, outermost first.
        make_sdk: A function that returns the Server SDK for a callback URL.
        mode: The kind of functions that the router runs.
        store: The connection store. `None` for no store.

    Attributes:
        name: The name of its router in error texts.
        operations: The operations of the service, in the contract's order.
        inbound: The operations that servers receive, by route.
        interceptors: The interceptors of the router.
        store: The connection store, an async one in an async router. `None` for no store.

    Raises:
        TypeError: The router cannot run an interceptor, or `make_sdk` is async or a class of another SDK.
    """

    def __init__(
        self,
        name: str,
        operations: Mapping[str, AnyOperation],
        interceptors: Sequence[Any],
        make_sdk: Callable[[str], S],
        mode: Mode,
        store: ConnectionStore | AsyncStore | None,
    ) -> None:
        self.name: Final = name
        self.operations: Final = tuple(operations.values())
        self.inbound: Final = {op.route: op for op in self.operations if op.direction.inbound}
        self.interceptors: Final = checked_interceptors(interceptors, mode)
        self.store: Final = checked_store(store, is_async=mode.is_async)
        self._mode = mode
        self._siblings: list[RoutedService[Any]] = [self]
        self._method_names = {op.route: name for name, op in operations.items() if op.direction.inbound}
        self._registrations: dict[str, Registration] = {}
        self._handlers_name: str | None = None
        self._make_sdk: Final = make_sdk
        if is_async(make_sdk) or (isinstance(make_sdk, type) and not issubclass(make_sdk, mode.sdk)):
            given: object = self._make_sdk
            raise TypeError(f"sdk= of {name} must return its {mode.name} SDK, and {name_of(given)} does not")
        self._sdks: dict[str, S] = {}
        self._process = os.getpid()
        self._lock = threading.Lock()

    def find(self, name: str) -> Registration | None:
        """Return the registration for a route, or for a hook as `$` and its name (no route starts with `$`)."""
        return self._registrations.get(name)

    def join(self, services: Sequence["RoutedService[Any]"]) -> None:
        """Add the other services of the same API."""
        self._siblings += [service for service in services if service not in self._siblings]

    def use_class(self, handlers: Any) -> None:
        """Register the methods of a handler class: all operations, and the hooks that it overrides.

        Args:
            handlers: An instance of the class.

        Raises:
            TypeError: It is not an instance of the service's handler class, a method has the other mode, or the name of
                a method starts with `on_` and is not a hook.
        """
        if isinstance(handlers, type):
            raise TypeError(f"{self.name} takes an instance of a class: {self.name}({handlers.__name__}())")
        kind = cast("type[object]", type(handlers))
        owner = kind.__name__
        if not isinstance(handlers, self._mode.handlers):
            raise TypeError(f"{self.name} takes the handlers of its own service, not {owner}")
        for route, name in self._method_names.items():
            method = getattr(handlers, name, None)
            if method is None:
                raise TypeError(f"{self.name} takes the handlers of its own service: {owner} has no method {name}")
            self._registrations[route] = Registration(self._mode.checked(method, f"{owner}.{name}"))
        self._check_other_names(kind)
        for hook in HOOKS:
            if getattr(kind, hook) is not getattr(self._mode.handlers, hook):
                method = getattr(handlers, hook)
                self._registrations[f"${hook}"] = Registration(self._mode.checked(method, f"{owner}.{hook}"))
        self._handlers_name = owner

    def _check_other_names(self, kind: type[object]) -> None:
        """Find misspelt methods, which would never be called: those that no base class declares."""
        members = [(name, member) for base in kind.__mro__ for name, member in vars(base).items()]
        known = {*dir(self._mode.handlers), *(name for name, member in members if _is_abstract(member))}
        others = sorted({name for name, member in members if callable(member) and name[0] != "_"} - known)
        if not others:
            return
        from difflib import get_close_matches  # costs a cold start a millisecond

        for name in others:
            if name.startswith("on_") or name.lower() in _RUN_TOGETHER:
                meant = " or ".join(get_close_matches(name, HOOKS, 1, 0.7) or HOOKS)
                raise TypeError(f"{kind.__name__}.{name} is not a hook of {self.name}: did you mean {meant}?")
            if closest := get_close_matches(name, self._method_names.values(), 1, 0.8):
                text = "%s.%s is not an operation of %s and is never called: did you mean %s?"
                logger("aws_lambda").warning(text, kind.__name__, name, self.name, closest[0])

    def register(self, key: str, shown: str, function: Callable[[Any], Any], interceptors: Sequence[Any]) -> None:
        """Register a function for a route, or for a hook as `$` and its name.

        Args:
            key: The route, or `$` and the name of the hook.
            shown: The name of the operation or hook in error texts.
            function: The function.
            interceptors: The interceptors around this function alone.

        Raises:
            RouterError: The router has a function for it already, or was made with a handler class.
            TypeError: It is not a function, or has the other mode.
        """
        if self._handlers_name is not None:
            raise RouterError(
                f"this {self.name} was made with {self._handlers_name}, which handles {shown}: change that class, or "
                f"register all functions on a {self.name}() without handlers"
            )
        owners = self._siblings if key == "$on_default" else [self]
        for owner in owners:
            known = owner.find(key)
            if known is not None:
                raise RouterError(
                    f"{owner.name} cannot register {name_of(function)} for {shown}, which already has the handler "
                    f"{name_of(known.function)}; remove one"
                )
        self._registrations[key] = Registration(
            self._mode.checked(function, name_of(function)), checked_interceptors(interceptors, self._mode)
        )

    def sdk(self, event: Mapping[str, Any]) -> S:
        """Return the Server SDK for the API of an event. The first call for a callback URL makes it.

        Args:
            event: The event as Lambda passed it.

        Raises:
            pushwire.CallbackUrlError: The event and the environment have no valid callback URL.
            TypeError: The function `sdk=` of the router returned an object that is not its SDK.
        """
        from pushwire.callback_url import CallbackUrl  # not needed before the first send

        url = CallbackUrl.from_event(event).url
        sdk = self._sdks.get(url)
        if sdk is None:
            if self._process != os.getpid():  # another thread of the parent may have held the lock at the fork
                self._process, self._lock = os.getpid(), threading.Lock()
            with self._lock:
                sdk = self._sdks.get(url)
                if sdk is None:
                    sdk = self._sdks[url] = self._made_sdk(url)
        return sdk

    def _made_sdk(self, url: str) -> S:
        sdk = self._make_sdk(url)
        made: object = sdk
        if not isinstance(made, self._mode.sdk):
            raise TypeError(f"sdk= of {self.name} must return its {self._mode.name} SDK, not {type(made).__name__}")
        return sdk._with_store(self.store)  # noqa: SLF001 - private, because its public names come from the contract


def _is_abstract(member: object) -> bool:
    return getattr(member, "__isabstractmethod__", False) is True


def checked_interceptors(interceptors: Iterable[Any], mode: Mode) -> tuple[Any, ...]:
    """Return the interceptors if a router of this mode can run them.

    Args:
        interceptors: The interceptors.
        mode: The mode of the router.

    Raises:
        TypeError: They are not a collection, or one of them is not callable or has the other mode.
    """
    if callable(interceptors) or not isinstance(interceptors, Iterable):
        raise TypeError(f"interceptors= must be a list of interceptors, not {name_of(interceptors)}")
    return tuple(mode.checked(interceptor, name_of(interceptor)) for interceptor in interceptors)
