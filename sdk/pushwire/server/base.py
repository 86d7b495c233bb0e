"""The construction of Server SDKs, sync and async."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

from pushwire._checks import check_function
from pushwire._functions import is_async
from pushwire.operation import Format
from pushwire.server.pipeline import OnGone, SendObserver, SendPipeline, async_transport
from pushwire.store import AsyncStore, ConnectionStore
from pushwire.store.async_store import checked_store
from pushwire.transport.protocol import AsyncTransport, ManagementApiClient, Transport

__all__ = ["BaseServerSdk"]

C = TypeVar("C", bound=Transport | AsyncTransport)
K = TypeVar("K", bound=ConnectionStore | AsyncStore)

_TRANSPORT_METHODS = ("post", "post_many", "get", "delete", "close")


class BaseServerSdk(Generic[C, K]):
    """Base of `ServerSdk` and `AsyncServerSdk`, which document the arguments and the errors."""

    _is_async: ClassVar[bool]
    _contract: ClassVar[type[object]] = object
    """The class that holds the service's operations."""

    def __init__(
        self,
        callback_url: str | None = None,
        *,
        client: ManagementApiClient | None = None,
        transport: C | None = None,
        region: str | None = None,
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        max_attempts: int | None = None,
        allow_http: bool = False,
        frame_format: Format | None = None,
        on_gone: OnGone | None = None,
        store: K | None = None,
    ) -> None:
        if not self._is_async and is_async(on_gone):
            raise TypeError(
                "on_gone= is async, which this SDK cannot await: pass a function with def, or use the async SDK"
            )
        self._store: Any = checked_store(store, is_async=self._is_async)
        if on_gone is not None:
            check_function("on_gone", on_gone)
        if frame_format is not None and not isinstance(cast("object", frame_format), Format):
            raise TypeError(f"frame_format= must be a Format, not {type(frame_format).__name__}")
        self._owned = transport is None
        if transport is not None:
            settings = (callback_url, client, region, connect_timeout, read_timeout, max_attempts)
            if allow_http or any(setting is not None for setting in settings):
                raise TypeError(
                    "transport= cannot be combined with callback_url=, client=, region=, time-outs, max_attempts= or "
                    "allow_http=: pass them to the transport"
                )
            _check_transport(transport, is_async_sdk=self._is_async)
        else:
            if callback_url is None and client is None:
                from pushwire.callback_url import CallbackUrl  # not needed with `transport` or `client`

                callback_url = CallbackUrl.from_environment(allow_http=allow_http).url
            transport = self._boto3_transport()(
                callback_url,
                client=client,
                region=region,
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                max_attempts=max_attempts,
                allow_http=allow_http,
            )
        posts: object = transport
        observers = [posts] if isinstance(posts, SendObserver) else ()
        self._pipeline = SendPipeline(transport, frame_format, on_gone, observers)

    def _recipients(self, connection_ids: tuple[object, ...], topic: object, user: object) -> object:
        """Return the iterable of connection ids that the arguments of `to` select."""
        names = {name: value for name, value in {"topic": topic, "user": user}.items() if value is not None}
        if len(connection_ids) + len(names) != 1:
            raise TypeError("to() takes an iterable of connection ids, topic= or user=: pass one of them")
        if connection_ids:
            return connection_ids[0]
        ((name, value),) = names.items()
        if not isinstance(value, str):
            raise TypeError(f"{name}= must be a string, not {type(value).__name__}")
        if self._store is None:
            raise TypeError(
                f"to({name}=…) needs a connection store: pass store= to {type(self).__name__} or the router"
            )
        return self._stored_ids(name, value)

    def _stored_ids(self, kind: str, name: str) -> object:
        """Return an iterable of the connection ids of a topic or a user."""
        raise NotImplementedError

    @staticmethod
    def _boto3_transport() -> Callable[..., C]:
        """Import and return the class of the default transport."""
        raise NotImplementedError

    def _while_pending(self, connection_id: str) -> Self:
        """Return a copy that rejects sends to this connection during its `$connect`."""
        return self._copy_with(self._pipeline.while_pending(connection_id))

    def _observed_by(self, observers: Sequence[SendObserver]) -> Self:
        """Return a copy that also reports to these observers."""
        return self._copy_with(self._pipeline.observed_by(observers))

    def _with_store(self, store: object) -> Self:
        """Return a copy with this store. An SDK that has a store stays as it is."""
        if store is None or self._store is not None:
            return self
        other = copy.copy(self)
        vars(other).update(_store=checked_store(store, is_async=self._is_async))
        return other

    def _copy_with(self, pipeline: SendPipeline[C]) -> Self:
        other = copy.copy(self)
        vars(other).update(_pipeline=pipeline, _owned=False)
        return other


def _check_transport(transport: object, *, is_async_sdk: bool) -> None:
    """Raise a `TypeError` if an SDK of this kind cannot post through a transport."""
    methods = [getattr(transport, name, None) for name in _TRANSPORT_METHODS]
    if isinstance(transport, type) or not all(map(callable, methods)):
        shown = f"the class {transport.__name__}" if isinstance(transport, type) else type(transport).__name__
        example = "AsyncHttpTransport(url)" if is_async_sdk else "HttpTransport(url)"
        raise TypeError(f"transport= must be a transport, such as {example}, not {shown}")
    # Why any: a method of an async transport may be a plain function that returns an awaitable.
    post, post_many, *_ = methods
    if any(map(is_async, (post, post_many))) == is_async_sdk:
        return
    if not is_async_sdk:
        raise async_transport(transport)
    raise TypeError(
        "transport= is not async, and this SDK awaits it: use an async transport, or the sync SDK "
        f"({type(transport).__name__})"
    )
