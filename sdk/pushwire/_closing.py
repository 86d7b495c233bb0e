"""Context managers for classes that have a `close` method."""

from typing import Self

__all__ = ["AsyncClosing", "Closing"]


class Closing:
    """A base class that closes its object at the end of a `with` block."""

    def close(self) -> None:
        """Close the object."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClosing:
    """A base class that closes its object at the end of an `async with` block."""

    async def close(self) -> None:
        """Close the object."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
