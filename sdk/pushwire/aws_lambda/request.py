"""The requests that handlers get: the message, the connection, the Server SDK and the event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

from google.protobuf.message import Message

from pushwire.aws_lambda.events import ConnectEvent, DisconnectEvent, MessageEvent
from pushwire.aws_lambda.state import RequestState
from pushwire.errors import FrameError
from pushwire.operation import AnyOperation
from pushwire.server import BaseServerSdk, SendObserver

__all__ = ["ConnectRequest", "DisconnectRequest", "Request"]

M_co = TypeVar("M_co", bound=Message | None, covariant=True)
E_co = TypeVar("E_co", bound=ConnectEvent | MessageEvent | DisconnectEvent, covariant=True)
S_co = TypeVar("S_co", bound=BaseServerSdk[Any], covariant=True)


class _BaseRequest(Generic[E_co, S_co]):
    """Base of the three kinds of request."""

    __slots__ = ("_context", "_event", "_observers", "_sdk", "_sdk_for", "_state")

    def __init__(self, event: E_co, sdk_for: Callable[[Mapping[str, Any]], S_co], context: Any) -> None:
        self._event: Final = event
        self._sdk_for: Final = sdk_for
        self._context: Final[Any] = context
        self._state: Final = RequestState()
        self._observers: tuple[SendObserver, ...] = ()
        self._sdk: S_co | None = None

    @property
    def connection_id(self) -> str:
        """The connection that the event is about."""
        return self._event.connection_id

    @property
    def event(self) -> E_co:
        """The event, typed by its kind. Only a `$connect` event has the headers and query string of the handshake."""
        return self._event

    @property
    def sdk(self) -> S_co:
        """The Server SDK of the service, for the API that the event came from; built once and reused.

        Raises:
            pushwire.CallbackUrlError: There is no region, or `PUSHWIRE_CALLBACK_URL` is malformed.
            TypeError: `sdk=` of the router returned another object than its SDK.
        """
        if self._sdk is None:
            sdk = self._sdk_for(self._event.raw)
            self._sdk = sdk._observed_by(self._observers) if self._observers else sdk  # noqa: SLF001 - as below
        return self._sdk

    @property
    def context(self) -> Any:
        """Lambda's context object."""
        return self._context

    @property
    def state(self) -> RequestState:
        """Values that interceptors have stored for this request."""
        return self._state

    @property
    def operation(self) -> AnyOperation | None:
        """The operation that the client sent. `None` for `$connect`, `$disconnect` and an unknown route."""
        return None

    def _observe(self, observer: SendObserver) -> None:
        """Notify an observer of every message that this request's SDK sends from now on."""
        self._observers = (*self._observers, observer)
        self._sdk = None


class Request(_BaseRequest[MessageEvent, S_co], Generic[M_co, S_co]):
    """A message of a client. Given to the method or function of its operation, and to `on_default`."""

    __slots__ = ("_message", "_operation", "_refusal")

    def __init__(
        self,
        event: MessageEvent,
        sdk_for: Callable[[Mapping[str, Any]], S_co],
        context: Any,
        message: M_co,
        operation: AnyOperation | None,
        refusal: FrameError | None,
    ) -> None:
        super().__init__(event, sdk_for, context)
        self._message: Final = message
        self._operation: Final = operation
        self._refusal: Final = refusal

    @property
    def message(self) -> M_co:
        """The message, decoded; `None` in `on_default`, which has `event.body`."""
        return self._message

    @property
    def operation(self) -> AnyOperation | None:
        """The operation that the client sent; `None` in `on_default`."""
        return self._operation

    @property
    def route(self) -> str:
        """The operation's route, or `$default` for an unknown route."""
        return self._operation.route if self._operation is not None else "$default"

    @property
    def refusal(self) -> FrameError | None:
        """For interceptors: the reason why this message reaches no handler, or `None`.

        A message that does not decode, or that has no handler, passes the interceptors too, so that they can count it.
        Its `message` is `None`, and `call_next` answers it with an error frame.
        """
        return self._refusal


class ConnectRequest(_BaseRequest[ConnectEvent, S_co], Generic[S_co]):
    """A client that wants to connect. Given to `on_connect`.

    Its `sdk` is for other connections: API Gateway answers 410 for this one until `on_connect` has returned, so sending
    to it raises `pushwire.ConnectionPendingError` at once. Send at the client's first message.
    """

    __slots__ = ()

    def __init__(self, event: ConnectEvent, sdk_for: Callable[[Mapping[str, Any]], S_co], context: Any) -> None:
        # Private, because the public names of an SDK are the contract's.
        super().__init__(event, lambda raw: sdk_for(raw)._while_pending(event.connection_id), context)  # noqa: SLF001

    @property
    def route(self) -> str:
        """`$connect`."""
        return "$connect"


class DisconnectRequest(_BaseRequest[DisconnectEvent, S_co], Generic[S_co]):
    """A connection that has ended. Given to `on_disconnect`, which API Gateway calls on a best-effort basis."""

    __slots__ = ()

    @property
    def route(self) -> str:
        """`$disconnect`."""
        return "$disconnect"
