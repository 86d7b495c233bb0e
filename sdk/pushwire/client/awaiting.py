"""Functions of users, sync or async."""

import asyncio
from collections.abc import Awaitable
from typing import cast

__all__ = ["is_cancelled", "result_of"]


def is_cancelled() -> bool:
    """Whether a `CancelledError` is for the current task, and not for something that a function of a user's awaited."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def result_of(returned: object) -> object:
    """Return what a function returned, or what that becomes where it was async."""
    if isinstance(returned, Awaitable):
        return await cast("Awaitable[object]", returned)
    return returned
