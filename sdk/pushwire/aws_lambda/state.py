"""Values that interceptors and handlers share for one request, typed by their keys."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast, overload

from pushwire.aws_lambda.errors import MissingStateError

__all__ = ["RequestState", "StateKey"]

T = TypeVar("T")
D = TypeVar("D")


class StateKey(Generic[T]):
    """A key of a request's state, and the type of its value.

    Two keys are never equal, even with the same name. Make one per module, not per request:

        USER = StateKey[User]("user")

    Args:
        name: The name in error texts.
    """

    __slots__ = ("name",)

    def __init__(self, name: str, /) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"StateKey({self.name!r})"


class RequestState:
    """The values stored with one request while it is handled: `request.state[USER] = user`."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[StateKey[Any], Any] = {}

    def __getitem__(self, key: StateKey[T], /) -> T:
        """Return the value.

        Raises:
            MissingStateError: No value was set.
        """
        try:
            return cast("T", self._values[key])
        except KeyError:
            raise MissingStateError(
                f"the request's state has no {key.name!r}: add an interceptor that sets it before this one"
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
        """Return the value, or the default."""
        return self._values.get(key, default)
