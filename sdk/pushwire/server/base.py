"""How a Server SDK is made, sync or async."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, Generic, Self, TypeVar

from pushwire._functions import is_async
from pushwire.operation import Format
from pushwire.server.pipeline import OnGone, SendObserver, SendPipeline
from pushwire.transport.protocol import AsyncTransport, ManagementApiClient, Transport

__all__ = ["BaseServerSdk"]

C = TypeVar("C", bound=Transport | AsyncTransport)

_TRANSPORT_METHODS: Final = ("post", "post_many", "get", "delete", "close")


class BaseServerSdk(Generic[C]):
    """Where a Server SDK posts to, and how it is told.

    The arguments and errors are those of `ServerSdk` and `AsyncServerSdk`, which post.
    """

    _awaits: ClassVar[bool]
    """Whether the methods of the SDK and of its transport are async."""

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
        frame_format: Format | None = None,
        on_gone: OnGone | None = None,
    ) -> None:
        if not self._awaits and is_async(on_gone):
            raise TypeError(f"on_gone= is async, which {type(self).__name__} cannot await; use the async SDK")
        self._owned = transport is None
        observers: Sequence[SendObserver] = ()
        if transport is not None:
            self._check_transport(transport)
            settings = (callback_url, client, region, connect_timeout, read_timeout, max_attempts)
            if any(setting is not None for setting in settings):
                raise TypeError(
                    "transport= cannot be combined with callback_url=, client=, region=, time-outs or attempts"
                )
            observer: object = transport
            if isinstance(observer, SendObserver):
                observers = [observer]
        else:
            if callback_url is None and client is None:
                from pushwire.callback_url import CallbackUrl  # as boto3, not always needed

                callback_url = CallbackUrl.from_environment().url
            transport = self._boto3_transport()(
                callback_url,
                client=client,
                region=region,
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                max_attempts=max_attempts,
            )
        self._pipeline = SendPipeline(transport, frame_format, on_gone, observers)

    def _check_transport(self, transport: object) -> None:
        """Check that a transport has the methods of this SDK's family, before a message is posted through it.

        Raises:
            TypeError: A method is missing, or belongs to the other family.
        """
        name, kind = type(transport).__name__, "an AsyncTransport" if self._awaits else "a Transport"
        methods = [getattr(transport, method, None) for method in _TRANSPORT_METHODS]
        if isinstance(transport, type) or not all(map(callable, methods)):
            raise TypeError(f"transport= takes {kind} with {', '.join(_TRANSPORT_METHODS)}, not {name}")
        if any(is_async(method) != self._awaits for method in methods):
            this, other = ("async", "a sync") if self._awaits else ("sync", "an async")
            raise TypeError(f"{type(self).__name__} takes {kind}: {name} is {other} transport, this SDK is {this}")

    @staticmethod
    def _boto3_transport() -> Callable[..., C]:
        """Return the class of transport to use where none are given, imported only now."""
        raise NotImplementedError

    def _while_pending(self, connection_id: str) -> Self:
        """The same SDK, to be used while a connection's `$connect` runs: it refuses that connection at once."""
        return self._copy_with(self._pipeline.while_pending(connection_id))

    def _observed_by(self, observers: Sequence[SendObserver]) -> Self:
        """The same SDK, of whose sends these observers are told as well."""
        return self._copy_with(self._pipeline.observed_by(observers))

    def _copy_with(self, pipeline: SendPipeline[C]) -> Self:
        other = copy.copy(self)
        vars(other).update(_pipeline=pipeline, _owned=False)
        return other
