"""Imports a handler by its name, `module:attribute`."""

import importlib
import inspect
import re
import traceback
from typing import cast

from pushwire.errors import PushwireError
from pushwire.gateway._functions.handlers import Handler

__all__ = ["HandlerLoadError", "load_handler"]

_PATH = re.compile(r"(?P<module>[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<attribute>[^\W\d]\w*(\.[^\W\d]\w*)*)")


class HandlerLoadError(PushwireError):
    """A handler cannot be found, imported or called.

    Attributes:
        path: The name of the handler.
        reason: The text without the name: what is wrong, and what to do.
        user_traceback: The traceback of the user's module if its import raised an exception; empty otherwise.
    """

    def __init__(self, path: str, reason: str, *, user_traceback: str = "") -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason
        self.user_traceback = user_traceback

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def load_handler(path: str) -> Handler:
    """Import a handler.

    Args:
        path: The name of the handler, `module:attribute`, such as `chat_app:handler`. Both parts may contain dots.

    Returns:
        The handler.

    Raises:
        HandlerLoadError: The name is malformed, the module does not exist or its import fails, the attribute does not
            exist, or Lambda could not call it: it is a class, an async function, or not callable.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise HandlerLoadError(path, "expected module:attribute, such as chat_app:handler")
    handler: object = _import(path, match["module"])
    for name in match["attribute"].split("."):
        if not hasattr(handler, name):
            raise HandlerLoadError(path, f"{_owner(handler, match['module'])} has no attribute {name!r}")
        handler = getattr(handler, name)
    _check(path, handler)
    return cast("Handler", handler)


def _import(path: str, module: str) -> object:
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}."):
            reason = f"module {error.name!r} is neither in the current folder nor on the import path"
            raise HandlerLoadError(path, reason) from error
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        raise HandlerLoadError(path, f"importing {module!r} failed: {what}", user_traceback=_trimmed(error)) from error


def _owner(holder: object, module: str) -> str:
    return f"module {module!r}" if inspect.ismodule(holder) else f"{type(holder).__name__!r} object"


def _check(path: str, handler: object) -> None:
    if inspect.isclass(handler):
        raise HandlerLoadError(path, f"{handler.__name__!r} is a class; name an instance or a function")
    if not callable(handler):
        raise HandlerLoadError(path, f"{type(handler).__name__!r} object is not callable as handler(event, context)")
    call: object = getattr(handler, "__call__", None)  # noqa: B004 - the method itself, to inspect it
    if inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(call):
        raise HandlerLoadError(path, "it is an async function, which Lambda does not await; use an async router")


def _trimmed(error: BaseException) -> str:
    """Format a traceback without the frames of this file and of the import system."""
    trace = error.__traceback__
    while trace is not None and _is_own_frame(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


def _is_own_frame(filename: str) -> bool:
    return filename in {__file__, importlib.__file__} or filename.startswith("<frozen ")
