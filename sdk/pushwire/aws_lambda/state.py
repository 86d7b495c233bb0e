"""Values that interceptors and handlers of one request share. Keys give their types."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast, overload

from pushwire.aws_lambda.errors import MissingStateError

__all__ = ["RequestState", "StateKey"]

T = TypeVar("T")
D = TypeVar("D")


class StateKey(Generic[T]):
    """Key of a value in a request's state, with the type of the value.

    Two keys are never equal, even if they have the same name. Make a key once, as a constant of a module.

    Args:
        name: The name of the key in error texts.

    Example:
        ```python
        USER = StateKey[User]("user")
        ```
    """

    __slots__ = ("name",)

    def __init__(self, name: str, /) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"StateKey({self.name!r})"


class RequestState:
    """Values that are stored with one request while it is handled: `request.state[USER] = user`."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[StateKey[Any], Any] = {}

    def __getitem__(self, key: StateKey[T], /) -> T:
        """Return the value of a key.

        Args:
            key: The key.

        Raises:
            MissingStateError: The key has no value.
        """
        try:
            return cast("T", self._values[key])
        except KeyError:
            raise MissingStateError(
                f"the request's state has no value for {key.name!r}: add an interceptor that sets it and runs earlier"
            ) from None

    def __setitem__(self, key: StateKey[T], value: T, /) -> None:
        self._values[key] = value

    def __contains__(self, key: StateKey[Any], /) -> bool:
        return key in self._values

    @overload
    def get(self, key: StateKey[T], /) -> T | None: ...
    @overload
    def get(self, key: StateKey[T], default: D, /) -> T | D: ...
    def get(self, key: StateKey[Any], default: object = None, /) -> object:
        """Return the value of a key, or the default if it has no value.

        Args:
            key: The key.
            default: The result if the key has no value. Defaults to `None`.
        """
        return self._values.get(key, default)
