"""Python names of protobuf names. The rules are frozen: generated code is called by these names."""

import re
from collections.abc import Collection

__all__ = [
    "CLIENT_OWN",
    "HANDLERS_OWN",
    "KEYWORDS",
    "SERVER_SDK_OWN",
    "class_prefix",
    "derived_class_names",
    "event_class",
    "is_mangled",
    "listener_name",
    "message_module",
    "method_name",
    "module",
    "qualified_module_alias",
    "unimportable_part",
    "waiter_name",
]

KEYWORDS = frozenset(
    {
        "False",
        "None",
        "True",
        "and",
        "as",
        "assert",
        "async",
        "await",
        "break",
        "class",
        "continue",
        "def",
        "del",
        "elif",
        "else",
        "except",
        "finally",
        "for",
        "from",
        "global",
        "if",
        "import",
        "in",
        "is",
        "lambda",
        "nonlocal",
        "not",
        "or",
        "pass",
        "raise",
        "return",
        "try",
        "while",
        "with",
        "yield",
    }
)
"""The keywords of every Python from 3.11 on. Those of the interpreter at hand would make the output depend on it."""

SERVER_SDK_OWN = frozenset({"close", "connections", "to"})
"""The public names of the Server SDK itself."""

HANDLERS_OWN = frozenset({"on_connect", "on_default", "on_disconnect", "operations"})
"""The public names that handlers and routers have of their own."""

CLIENT_OWN = frozenset({"close", "on_error", "on_reconnect", "status"})
"""The public names that clients have of their own."""

_DERIVED = (
    "ServerSdk",
    "Broadcast",
    "Handlers",
    "Router",
    "Request",
    "ConnectRequest",
    "DisconnectRequest",
    "Integrations",
    "WebSocketApi",
)
_DERIVED_ONCE = ("Client", "Event", "Operations")
"""The suffixes of classes that have no `Async…` counterpart."""

_OWN = SERVER_SDK_OWN | HANDLERS_OWN | CLIENT_OWN
_PYTHON_OWN = KEYWORDS | {"mro"}
"""Type checkers take `mro` for the method that each Python class has."""

_WORD = re.compile("([^_])([A-Z][a-z]+)")
_CAPITAL = re.compile("([a-z0-9])([A-Z])")


def method_name(rpc: str, taken: Collection[str]) -> str:
    """The Python method of an rpc: its name in snake case.

    Keywords, `mro` and taken names get a trailing underscore. So do those that already end in one (`close_` becomes
    `close__`), whether or not they are taken on the sides that the rpc appears on: two rpcs of a service that differ
    in snake case never meet.

    Args:
        rpc: The rpc's name.
        taken: The own names of the classes that get the method: of `SERVER_SDK_OWN`, `HANDLERS_OWN` and `CLIENT_OWN`.
    """
    snake = _snake(rpc)
    return _escaped(snake, taken if snake == snake.rstrip("_") else _OWN)


def listener_name(rpc: str) -> str:
    """The method of clients that takes a listener for an rpc's messages: `on_ping`."""
    return _escaped(f"on_{_snake(rpc)}", CLIENT_OWN)


def waiter_name(rpc: str) -> str:
    """The method of clients that waits for an rpc's next message: `wait_for_ping`."""
    return f"wait_for_{_snake(rpc)}"


def event_class(service: str, rpc: str) -> str:
    """Return the class of the event that a client receives for an rpc's message: `ChatPingEvent`."""
    return f"{class_prefix(service)}{rpc}Event"


def class_prefix(service: str) -> str:
    """What the names of a service's Python classes begin with: its name, without a whole trailing `Service`."""
    return service.removesuffix("Service") or service


def derived_class_names(service: str) -> list[str]:
    """The names of all classes that are, or may one day be, generated for a service."""
    prefix = class_prefix(service)
    families = [f"{family}{prefix}{suffix}" for family in ("", "Async") for suffix in _DERIVED]
    return [*families, *(f"{prefix}{suffix}" for suffix in _DERIVED_ONCE)]


def module(file: str, suffix: str) -> str:
    """The dotted name of a module made for a `.proto` file, by the rules of protoc's own Python generator."""
    stem = file.removesuffix(".protodevel" if file.endswith(".protodevel") else ".proto")
    return stem.replace("-", "_").replace("/", ".") + suffix


def message_module(file: str) -> str:
    """The dotted name of the module that holds a `.proto` file's messages."""
    return module(file, "_pb2")


def qualified_module_alias(dotted: str) -> str:
    """The name under which protoc's own Python generator imports a module: `billing_dot_v1_dot_chat__pb2`."""
    return dotted.replace("_", "__").replace(".", "_dot_")


def unimportable_part(dotted: str) -> str | None:
    """The first part of a module's name that an `import` statement cannot hold; `None` where all are fine."""
    for part in dotted.split("."):
        if part in KEYWORDS or not part.isidentifier():
            return part
    return None


def _snake(rpc: str) -> str:
    return _CAPITAL.sub(r"\1_\2", _WORD.sub(r"\1_\2", rpc)).lower()


def _escaped(snake: str, taken: Collection[str]) -> str:
    bare = snake.rstrip("_")
    return f"{snake}_" if bare in _PYTHON_OWN or bare in taken else snake


def is_mangled(name: str) -> bool:
    """Whether Python rewrites the name inside a class body: it begins with two underscores and does not end so."""
    return name.startswith("__") and not name.endswith("__")
