"""Helpers that inspect callables."""

from __future__ import annotations

from typing import Final

__all__ = ["is_async", "is_unawaited", "name_of"]

_CO_COROUTINE: Final = 0x80
"""The flag of an async function's code ("Code Objects Bit Flags", Python's documentation of inspect)."""


def is_async(function: object) -> bool:
    """Return whether a call returns a coroutine: an `async def`, or an object whose `__call__` is one."""
    function = getattr(function, "func", function)  # of a functools.partial
    return _is_coroutine_function(function) or _is_coroutine_function(getattr(function, "__call__", None))  # noqa: B004


def is_unawaited(result: object) -> bool:
    """Return whether a call returned an awaitable or a generator, whose code has not run.

    A coroutine is closed, so that Python does not warn about it. Why not only `is_async`: a plain function may return
    the coroutine of another one.
    """
    # Of the type, as Python looks them up: a mock has every attribute.
    if not any(hasattr(type(result), name) for name in ("__await__", "send", "asend")):
        return False
    close = getattr(result, "close", None)
    if callable(close):
        close()
    return True


def name_of(function: object) -> str:
    """Return the name of a callable for an error text."""
    return getattr(function, "__qualname__", None) or type(function).__name__


def _is_coroutine_function(function: object) -> bool:
    # The check of inspect.iscoroutinefunction. Importing inspect would add a tenth to a cold start.
    flags: object = getattr(getattr(function, "__code__", None), "co_flags", 0)
    return isinstance(flags, int) and bool(flags & _CO_COROUTINE)  # a mock's flags are not an int
