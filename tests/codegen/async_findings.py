"""What mypy and pyright say to each mistake of `fixtures/typing/mistaken_async.py`."""

# ruff: noqa: E501  # messages stay whole, to be found by a search

from tests.codegen.checker_findings import Findings

FINDINGS: dict[str, Findings] = {
    "a wrong message": Findings(
        mypy=[
            (
                "override",
                'Argument 1 of "ping" is incompatible with supertype "Whole"; supertype defines the argument type as "Request[PingMessage, AsyncChatServerSdk]"',
            ),
            (
                "override",
                'Argument 1 of "ping" is incompatible with supertype "chat.chat_pushwire.AsyncChatHandlers"; supertype defines the argument type as "Request[PingMessage, AsyncChatServerSdk]"',
            ),
        ],
        pyright=[
            ("reportIncompatibleMethodOverride", 'Method "ping" overrides class "Whole" in an incompatible manner')
        ],
    ),
    "a method with def": Findings(
        mypy=[
            (
                "override",
                'Return type "None" of "ping" incompatible with return type "Coroutine[Any, Any, None]" in supertype "Whole"',
            ),
            (
                "override",
                'Return type "None" of "ping" incompatible with return type "Coroutine[Any, Any, None]" in supertype "chat.chat_pushwire.AsyncChatHandlers"',
            ),
        ],
        pyright=[
            ("reportIncompatibleMethodOverride", 'Method "ping" overrides class "Whole" in an incompatible manner')
        ],
    ),
    "a hook with def": Findings(
        mypy=[
            (
                "override",
                'Return type "None" of "on_connect" incompatible with return type "Coroutine[Any, Any, ConnectionAccepted | None]" in supertype "pushwire.aws_lambda.handlers.AsyncHandlers"',
            )
        ],
        pyright=[
            (
                "reportIncompatibleMethodOverride",
                'Method "on_connect" overrides class "AsyncHandlers" in an incompatible manner',
            )
        ],
    ),
    "a sync request": Findings(
        mypy=[
            (
                "override",
                'Argument 1 of "ping" is incompatible with supertype "Whole"; supertype defines the argument type as "Request[PingMessage, AsyncChatServerSdk]"',
            ),
            (
                "override",
                'Argument 1 of "ping" is incompatible with supertype "chat.chat_pushwire.AsyncChatHandlers"; supertype defines the argument type as "Request[PingMessage, AsyncChatServerSdk]"',
            ),
        ],
        pyright=[
            ("reportIncompatibleMethodOverride", 'Method "ping" overrides class "Whole" in an incompatible manner')
        ],
    ),
    "a value from async": Findings(
        mypy=[
            (
                "override",
                'Return type "Coroutine[Any, Any, str]" of "ping" incompatible with return type "Coroutine[Any, Any, None]" in supertype "Whole"',
            ),
            (
                "override",
                'Return type "Coroutine[Any, Any, str]" of "ping" incompatible with return type "Coroutine[Any, Any, None]" in supertype "chat.chat_pushwire.AsyncChatHandlers"',
            ),
        ],
        pyright=[
            ("reportIncompatibleMethodOverride", 'Method "ping" overrides class "Whole" in an incompatible manner')
        ],
    ),
    "a missing async operation": Findings(
        mypy=[("abstract", 'Cannot instantiate abstract class "Half" with abstract attribute "ping"')],
        pyright=[("reportAbstractUsage", 'Cannot instantiate abstract class "Half"')],
    ),
    "a send that is not awaited": Findings(
        mypy=[("unused-coroutine", 'Value of type "Coroutine[Any, Any, None]" must be used')],
        pyright=[
            (
                "reportUnusedCoroutine",
                'Result of async function call is not used; use "await" or assign result to variable',
            )
        ],
    ),
    "a broadcast that is not awaited": Findings(
        mypy=[("unused-coroutine", 'Value of type "Coroutine[Any, Any, BroadcastReport]" must be used')],
        pyright=[
            (
                "reportUnusedCoroutine",
                'Result of async function call is not used; use "await" or assign result to variable',
            )
        ],
    ),
    "a disconnect that is not awaited": Findings(
        mypy=[("unused-coroutine", 'Value of type "Coroutine[Any, Any, None]" must be used')],
        pyright=[
            (
                "reportUnusedCoroutine",
                'Result of async function call is not used; use "await" or assign result to variable',
            )
        ],
    ),
    "the rest of the chain is not awaited": Findings(
        mypy=[("unused-coroutine", 'Value of type "Coroutine[Any, Any, None]" must be used')],
        pyright=[
            (
                "reportUnusedCoroutine",
                'Result of async function call is not used; use "await" or assign result to variable',
            )
        ],
    ),
    "a sync interceptor on an async router": Findings(
        mypy=[
            (
                "list-item",
                'List item 0 has incompatible type "Callable[[Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any], Callable[[Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any]], None]], None]"; expected "AsyncInterceptor"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "list[(request: AnyRequest, call_next: CallNext, /) -> None]" cannot be assigned to parameter "interceptors" of type "Sequence[AsyncInterceptor]" in function "__init__"',
            )
        ],
    ),
    "an async interceptor on a sync router": Findings(
        mypy=[
            (
                "list-item",
                'List item 0 has incompatible type "Callable[[Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any], Callable[[Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any]], Coroutine[Any, Any, None]]], Coroutine[Any, Any, None]]"; expected "Interceptor"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "list[(request: AnyRequest, call_next: AsyncCallNext, /) -> CoroutineType[Any, Any, None]]" cannot be assigned to parameter "interceptors" of type "Sequence[Interceptor]" in function "__init__"',
            )
        ],
    ),
    "a sync interceptor of one's own on an async router": Findings(
        mypy=[
            (
                "list-item",
                'List item 0 has incompatible type "Callable[[Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any], Callable[[Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any]], None]], None]"; expected "AsyncInterceptor"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "list[(request: AnyRequest, call_next: CallNext, /) -> None]" cannot be assigned to parameter "interceptors" of type "Sequence[AsyncInterceptor]" in function "__init__"',
            )
        ],
    ),
    "an async interceptor of one's own on a sync router": Findings(
        mypy=[
            (
                "list-item",
                'List item 0 has incompatible type "Callable[[Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any], Callable[[Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any]], Coroutine[Any, Any, None]]], Coroutine[Any, Any, None]]"; expected "Interceptor"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "list[(request: AnyRequest, call_next: AsyncCallNext, /) -> CoroutineType[Any, Any, None]]" cannot be assigned to parameter "interceptors" of type "Sequence[Interceptor]" in function "__init__"',
            )
        ],
    ),
    "async handlers in a sync router": Findings(
        mypy=[("arg-type", 'Argument 1 to "ChatRouter" has incompatible type "Whole"; expected "ChatHandlers | None"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Whole" cannot be assigned to parameter "handlers" of type "ChatHandlers | None" in function "__init__"',
            )
        ],
    ),
    "the sync SDK in an async router": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "sdk" to "AsyncChatRouter" has incompatible type "type[ChatServerSdk]"; expected "Callable[[str], AsyncChatServerSdk]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "type[ChatServerSdk]" cannot be assigned to parameter "sdk" of type "(str) -> AsyncChatServerSdk" in function "__init__"',
            )
        ],
    ),
    "sync transport in the async SDK": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "transport" to "AsyncChatServerSdk" has incompatible type "RecordingTransport"; expected "AsyncTransport | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "RecordingTransport" cannot be assigned to parameter "transport" of type "AsyncTransport | None" in function "__init__"',
            )
        ],
    ),
    "async connections in the sync SDK": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "transport" to "ChatServerSdk" has incompatible type "AsyncRecordingTransport"; expected "Transport | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "AsyncRecordingTransport" cannot be assigned to parameter "transport" of type "Transport | None" in function "__init__"',
            )
        ],
    ),
    "an async router among sync ones": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "Router" has incompatible type "AsyncChatRouter"; expected "ServiceRouter[Any]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "AsyncChatRouter" cannot be assigned to parameter "services" of type "ServiceRouter[Any]" in function "__init__"',
            )
        ],
    ),
    "a sync router among async ones": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "AsyncRouter" has incompatible type "ChatRouter"; expected "AsyncServiceRouter[Any]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "ChatRouter" cannot be assigned to parameter "services" of type "AsyncServiceRouter[Any]" in function "__init__"',
            )
        ],
    ),
    "with for async with": Findings(
        mypy=[
            ("attr-defined", '"AsyncChatServerSdk" has no attribute "__enter__"'),
            ("attr-defined", '"AsyncChatServerSdk" has no attribute "__exit__"'),
        ],
        pyright=[
            (
                "reportGeneralTypeIssues",
                'Object of type "AsyncChatServerSdk" cannot be used with "with" because it does not correctly implement __enter__',
            ),
            (
                "reportGeneralTypeIssues",
                'Object of type "AsyncChatServerSdk" cannot be used with "with" because it does not correctly implement __exit__',
            ),
            ("reportUnknownVariableType", 'Type of "sdk" is unknown'),
        ],
    ),
    "a function with def": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "__call__" of "_Decorator" has incompatible type "Callable[[Request[PingMessage, AsyncChatServerSdk]], None]"; expected "Callable[[Request[PingMessage, AsyncChatServerSdk]], Coroutine[Any, Any, None]]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(request: AsyncChatRequest[PingMessage]) -> None" cannot be assigned to parameter "function" of type "(AsyncChatRequest[PingMessage]) -> Coroutine[Any, Any, None]" in function "__call__"',
            )
        ],
    ),
    "a function of another message, async": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "__call__" of "_Decorator" has incompatible type "Callable[[Request[Greeting, AsyncChatServerSdk]], Coroutine[Any, Any, None]]"; expected "Callable[[Request[PingMessage, AsyncChatServerSdk]], Coroutine[Any, Any, None]]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(request: AsyncChatRequest[Greeting]) -> CoroutineType[Any, Any, None]" cannot be assigned to parameter "function" of type "(AsyncChatRequest[PingMessage]) -> Coroutine[Any, Any, None]" in function "__call__"',
            )
        ],
    ),
    "a sync interceptor of an async function": Findings(
        mypy=[
            (
                "list-item",
                'List item 0 has incompatible type "Callable[[Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any], Callable[[Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any]], None]], None]"; expected "AsyncInterceptor"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "list[(request: AnyRequest, call_next: CallNext, /) -> None]" cannot be assigned to parameter "interceptors" of type "Sequence[AsyncInterceptor]" in function "__call__"',
            )
        ],
    ),
    "an async function of a sync router": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "__call__" of "_Decorator" has incompatible type "Callable[[Request[PingMessage, ChatServerSdk]], Coroutine[Any, Any, None]]"; expected "Callable[[Request[PingMessage, ChatServerSdk]], None]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(request: ChatRequest[PingMessage]) -> CoroutineType[Any, Any, None]" cannot be assigned to parameter "function" of type "(ChatRequest[PingMessage]) -> None" in function "__call__"',
            )
        ],
    ),
    "wrong ids of an async broadcast": Findings(
        mypy=[
            ("list-item", 'List item 0 has incompatible type "int"; expected "str"'),
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "list[int]" cannot be assigned to parameter "connection_ids" of type "Iterable[str] | AsyncIterable[str]" in function "to"',
            ),
        ],
    ),
    "an async SDK on a sync router": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "sdk" to "ChatRouter" has incompatible type "type[AsyncChatServerSdk]"; expected "Callable[[str], ChatServerSdk]"',
            ),
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "type[AsyncChatServerSdk]" cannot be assigned to parameter "sdk" of type "(str) -> ChatServerSdk" in function "__init__"',
            ),
        ],
    ),
    "a function that returns an async SDK": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "sdk" to "ChatRouter" has incompatible type "Callable[[str], AsyncChatServerSdk]"; expected "Callable[[str], ChatServerSdk]"',
            ),
            ("return-value", 'Incompatible return value type (got "AsyncChatServerSdk", expected "ChatServerSdk")'),
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(url: str) -> AsyncChatServerSdk" cannot be assigned to parameter "sdk" of type "(str) -> ChatServerSdk" in function "__init__"',
            ),
        ],
    ),
    "a sync broadcast that is awaited": Findings(
        mypy=[
            ("misc", 'Incompatible types in "await" (actual type "BroadcastReport", expected type "Awaitable[Any]")'),
        ],
        pyright=[
            ("reportGeneralTypeIssues", '"BroadcastReport" is not awaitable'),
        ],
    ),
    "the report of a broadcast that is not awaited": Findings(
        mypy=[
            ("no-any-return", 'Returning Any from function declared to return "int"'),
            ("attr-defined", '"Coroutine[Any, Any, BroadcastReport]" has no attribute "accepted"'),
        ],
        pyright=[
            ("reportUnknownMemberType", 'Type of "accepted" is unknown'),
            ("reportUnknownVariableType", "Return type is unknown"),
            (
                "reportAttributeAccessIssue",
                'Cannot access attribute "accepted" for class "CoroutineType[Any, Any, BroadcastReport]"',
            ),
        ],
    ),
}
