"""Python names for protobuf names. Why these rules must not change: users call generated code by these names."""

import re
import unicodedata
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
"""The keywords of Python 3.11 and later. Why not `keyword.kwlist`: the output must not depend on the interpreter."""

SERVER_SDK_OWN = frozenset({"close", "connections", "to"})
"""The public names of the class `ServerSdk`."""

HANDLERS_OWN = frozenset({"on_connect", "on_default", "on_disconnect", "operations"})
"""The public names of the base classes of handlers and routers."""

CLIENT_OWN = frozenset({"close", "on_error", "on_reconnect", "status"})
"""The public names of the class `Client`."""

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
"""Names that have a meaning in each class. `mro` is a method of `type`, and type checkers report its overrides."""

_WORD = re.compile("([^_])([A-Z][a-z]+)")
_CAPITAL = re.compile("([a-z0-9])([A-Z])")


def method_name(rpc: str, taken: Collection[str]) -> str:
    """Return the name of an rpc's Python method: the rpc's name in snake case.

    Keywords, `mro` and taken names get a trailing underscore. So do taken names that already end in underscores
    (`close_` becomes `close__`); for these, the names of all classes count. So rpcs of a service whose names in snake
    case differ always have different methods.

    Args:
        rpc: The rpc's name.
        taken: The public names of the base classes that get the method: from `SERVER_SDK_OWN`, `HANDLERS_OWN` and
            `CLIENT_OWN`.
    """
    snake = _snake(rpc)
    return _escaped(snake, taken if snake == snake.rstrip("_") else _OWN)


def listener_name(rpc: str) -> str:
    """Return the name of the client method that adds a listener for an rpc's messages, such as `on_ping`."""
    return _escaped(f"on_{_snake(rpc)}", CLIENT_OWN)


def waiter_name(rpc: str) -> str:
    """Return the name of the client method that waits for an rpc's next message, such as `wait_for_ping`."""
    return f"wait_for_{_snake(rpc)}"


def event_class(service: str, rpc: str) -> str:
    """Return the name of the class of an rpc's event in clients, such as `ChatPingEvent`."""
    return f"{class_prefix(service)}{rpc}Event"


def class_prefix(service: str) -> str:
    """Return the prefix of the names of a service's classes: the service's name without the suffix `Service`.

    A service named `Service` keeps its name.
    """
    return service.removesuffix("Service") or service


def derived_class_names(service: str) -> list[str]:
    """Return the names of all classes that are generated for a service, or are reserved for it."""
    prefix = class_prefix(service)
    families = [f"{family}{prefix}{suffix}" for family in ("", "Async") for suffix in _DERIVED]
    return [*families, *(f"{prefix}{suffix}" for suffix in _DERIVED_ONCE)]


def module(file: str, suffix: str) -> str:
    """Return the dotted name of a module that is generated from a `.proto` file, by the rules of protoc for Python."""
    stem = file.removesuffix(".protodevel" if file.endswith(".protodevel") else ".proto")
    return stem.replace("-", "_").replace("/", ".") + suffix


def message_module(file: str) -> str:
    """Return the dotted name of the module with a `.proto` file's messages."""
    return module(file, "_pb2")


def qualified_module_alias(dotted: str) -> str:
    """Return the alias by which protoc's Python modules import a module, such as `billing_dot_v1_dot_chat__pb2`."""
    return dotted.replace("_", "__").replace(".", "_dot_")


def unimportable_part(dotted: str) -> str | None:
    """Return the first part of a module's name that an `import` statement does not allow, or `None`."""
    for part in dotted.split("."):
        # Python normalizes the names in an import statement ("Identifiers and keywords", Python language reference).
        if part in KEYWORDS or not part.isidentifier() or part != unicodedata.normalize("NFKC", part):
            return part
    return None


def _snake(rpc: str) -> str:
    return _CAPITAL.sub(r"\1_\2", _WORD.sub(r"\1_\2", rpc)).lower()


def _escaped(snake: str, taken: Collection[str]) -> str:
    bare = snake.rstrip("_")
    return f"{snake}_" if bare in _PYTHON_OWN or bare in taken else snake


def is_mangled(name: str) -> bool:
    """Return whether Python mangles a name in class bodies: it begins, but does not end, with two underscores."""
    return name.startswith("__") and not name.endswith("__")
