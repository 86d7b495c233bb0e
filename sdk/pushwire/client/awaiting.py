"""Functions of users, sync or async."""

from collections.abc import Awaitable
from typing import cast

__all__ = ["result_of"]


async def result_of(returned: object) -> object:
    """Return what a function returned, or what that becomes where it was async."""
    if isinstance(returned, Awaitable):
        return await cast("Awaitable[object]", returned)
    return returned
