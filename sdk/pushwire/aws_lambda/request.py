"""The arguments of handlers: the message, the connection, the Server SDK and the event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Self, TypeVar, overload

from google.protobuf.message import Message

from pushwire.aws_lambda.errors import RouterError
from pushwire.aws_lambda.events import ConnectEvent, DisconnectEvent, MessageEvent
from pushwire.aws_lambda.state import RequestState
from pushwire.errors import FrameError
from pushwire.frame import Envelope
from pushwire.operation import AnyOperation
from pushwire.server import AsyncServerSdk, BaseServerSdk, SendObserver, ServerSdk
from pushwire.store import AsyncStore, ConnectionStore, StoredConnection

__all__ = ["ConnectRequest", "DisconnectRequest", "Request"]

M_co = TypeVar("M_co", bound=Message | None, covariant=True)
E_co = TypeVar("E_co", bound=ConnectEvent | MessageEvent | DisconnectEvent, covariant=True)
S_co = TypeVar("S_co", bound=BaseServerSdk[Any, Any], covariant=True)


class _StoreOfRouter:
    """The property `store` of requests, whose type depends on whether the SDK of the request is async."""

    @overload
    def __get__(self, request: _BaseRequest[Any, ServerSdk[Any, Any]], owner: object) -> ConnectionStore: ...
    @overload
    def __get__(self, request: _BaseRequest[Any, AsyncServerSdk[Any, Any]], owner: object) -> AsyncStore: ...
    @overload
    def __get__(self, request: None, owner: object) -> Self: ...
    def __get__(self, request: _BaseRequest[Any, Any] | None, owner: object) -> object:
        if request is None:
            return self
        store: object = request._store  # noqa: SLF001 - of the class below
        if store is None:
            raise RouterError("the router of this request has no store: pass store= to it")
        return store


class _BaseRequest(Generic[E_co, S_co]):
    """Base of the three kinds of request."""

    __slots__ = ("_context", "_event", "_observers", "_sdk", "_sdk_for", "_state", "_store")

    store = _StoreOfRouter()
    """The connection store of the router: a `ConnectionStore`, or an `AsyncStore` in an async router. Without a store,
    reading it raises `RouterError`."""

    def __init__(self, event: E_co, sdk_for: Callable[[Mapping[str, Any]], S_co], context: Any) -> None:
        self._event: Final = event
        self._sdk_for: Final = sdk_for
        self._context: Final[Any] = context
        self._state: Final = RequestState()
        self._observers: tuple[SendObserver, ...] = ()
        self._sdk: S_co | None = None
        self._store: Any = None  # set by the dispatcher

    @property
    def connection_id(self) -> str:
        """The id of the connection that the event belongs to."""
        return self._event.connection_id

    @property
    def event(self) -> E_co:
        """The event with typed properties. Only a `$connect` event has the headers and the query of the handshake."""
        return self._event

    @property
    def sdk(self) -> S_co:
        """The Server SDK of the service for the API of the event. It is made once for each callback URL and reused.

        Raises:
            pushwire.CallbackUrlError: The region of the API is not known, or `PUSHWIRE_CALLBACK_URL` is invalid.
            TypeError: The function `sdk=` of the router returned an object that is not its SDK.
        """
        if self._sdk is None:
            sdk = self._sdk_for(self._event.raw)
            self._sdk = sdk._observed_by(self._observers) if self._observers else sdk  # noqa: SLF001 - as below
        return self._sdk

    @property
    def context(self) -> Any:
        """Lambda's context object, as the router was called with it."""
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
        """Notify an observer of every message that the SDK of this request sends after this call."""
        self._observers = (*self._observers, observer)
        self._sdk = None


class Request(_BaseRequest[MessageEvent, S_co], Generic[M_co, S_co]):
    """A message of a client: the argument of an operation's function and of `on_default`."""

    __slots__ = ("_envelope", "_is_answered", "_is_handled", "_message", "_operation", "_refusal", "_reply")

    def __init__(
        self,
        event: MessageEvent,
        sdk_for: Callable[[Mapping[str, Any]], S_co],
        context: Any,
        message: M_co,
        operation: AnyOperation | None,
        refusal: FrameError | None,
        envelope: Envelope | None = None,
    ) -> None:
        super().__init__(event, sdk_for, context)
        self._message: Final = message
        self._operation: Final = operation
        self._refusal: Final = refusal
        self._envelope: Final = envelope
        self._reply: Message | None = None
        self._is_answered = False
        self._is_handled = False  # whether the handler has returned

    @property
    def message(self) -> M_co:
        """The decoded message. `None` in `on_default`, which reads `event.body`."""
        return self._message

    @property
    def operation(self) -> AnyOperation | None:
        """The operation that the client sent. `None` in `on_default`."""
        return self._operation

    @property
    def route(self) -> str:
        """The operation's route, or `$default` for an unknown route."""
        return self._operation.route if self._operation is not None else "$default"

    @property
    def id(self) -> str | None:
        """The id of the message, which the client chose because it wants an answer. `None` if it wants none.

        A client that repeats a message can give it the same id. Ids of different clients can be equal.
        """
        return self._envelope.id if self._envelope is not None else None

    @property
    def reply(self) -> Message | None:
        """The reply of the handler, for interceptors. `None` before the handler has returned, and without a reply.

        An interceptor can set it, instead of calling `call_next` or afterwards. Setting raises `RouterError` if the
        operation has no reply or another type of reply.
        """
        return self._reply

    @reply.setter
    def reply(self, reply: Message) -> None:
        reply_type = None if self._operation is None else self._operation.reply_type
        given: object = reply
        if reply_type is None:
            raise RouterError(f"{self._operation or self.route} is one-way and has no reply")
        if not isinstance(given, reply_type):
            name = reply_type.DESCRIPTOR.full_name
            raise RouterError(f"the reply to {self._operation} must be a {name}, not {type(given).__name__}")
        self._reply = reply

    @property
    def refusal(self) -> FrameError | None:
        """The reason why the message is refused, for interceptors. `None` if a handler gets the message.

        A message that cannot be decoded, or that has no handler, passes the interceptors too, so that they can count
        it. Its `message` is `None`, and the innermost `call_next` sends an error frame to the client.
        """
        return self._refusal


class ConnectRequest(_BaseRequest[ConnectEvent, S_co], Generic[S_co]):
    """The handshake of a client: the argument of `on_connect`.

    Its `sdk` can send to other connections only. API Gateway answers with 410 for this connection until `on_connect`
    has returned, so the SDK raises `pushwire.ConnectionPendingError` without a request. Send when the client's first
    message arrives.
    """

    __slots__ = ()

    def __init__(self, event: ConnectEvent, sdk_for: Callable[[Mapping[str, Any]], S_co], context: Any) -> None:
        # Private, because the public names of an SDK come from the contract.
        super().__init__(event, lambda raw: sdk_for(raw)._while_pending(event.connection_id), context)  # noqa: SLF001

    @property
    def route(self) -> str:
        """The route key `$connect`."""
        return "$connect"


class DisconnectRequest(_BaseRequest[DisconnectEvent, S_co], Generic[S_co]):
    """The end of a connection: the argument of `on_disconnect`, which API Gateway calls on a best-effort basis."""

    __slots__ = ("_connection",)

    def __init__(self, event: DisconnectEvent, sdk_for: Callable[[Mapping[str, Any]], S_co], context: Any) -> None:
        super().__init__(event, sdk_for, context)
        self._connection: StoredConnection | None = None  # set by the dispatcher

    @property
    def connection(self) -> StoredConnection | None:
        """The connection as the router's store had it, with its user and topics, which the router has ended in it.

        `None` if the router has no store, if the store does not know the connection or has failed, and for a repeated
        event: of several `$disconnect` events for one connection, exactly one has it.
        """
        return self._connection

    @property
    def route(self) -> str:
        """The route key `$disconnect`."""
        return "$disconnect"
