"""What mypy and pyright say to each mistake of `fixtures/typing/mistaken_handlers.py`."""

# ruff: noqa: E501  # messages stay whole, to be found by a search

from tests.codegen.checker_findings import Findings

FINDINGS: dict[str, Findings] = {
    "another message": Findings(
        mypy=[
            (
                "override",
                'Argument 1 of "ping" is incompatible with supertype "Whole"; supertype defines the argument type as "Request[PingMessage, ChatServerSdk]"',
            ),
            (
                "override",
                'Argument 1 of "ping" is incompatible with supertype "chat.chat_pushwire.ChatHandlers"; supertype defines the argument type as "Request[PingMessage, ChatServerSdk]"',
            ),
        ],
        pyright=[
            ("reportIncompatibleMethodOverride", 'Method "ping" overrides class "Whole" in an incompatible manner')
        ],
    ),
    "another file's message": Findings(
        mypy=[
            (
                "override",
                'Argument 1 of "ping" is incompatible with supertype "Whole"; supertype defines the argument type as "Request[PingMessage, ChatServerSdk]"',
            ),
            (
                "override",
                'Argument 1 of "ping" is incompatible with supertype "chat.chat_pushwire.ChatHandlers"; supertype defines the argument type as "Request[PingMessage, ChatServerSdk]"',
            ),
        ],
        pyright=[
            ("reportIncompatibleMethodOverride", 'Method "ping" overrides class "Whole" in an incompatible manner')
        ],
    ),
    "the message instead of the request": Findings(
        mypy=[
            (
                "override",
                'Argument 1 of "ping" is incompatible with supertype "Whole"; supertype defines the argument type as "Request[PingMessage, ChatServerSdk]"',
            ),
            (
                "override",
                'Argument 1 of "ping" is incompatible with supertype "chat.chat_pushwire.ChatHandlers"; supertype defines the argument type as "Request[PingMessage, ChatServerSdk]"',
            ),
        ],
        pyright=[
            ("reportIncompatibleMethodOverride", 'Method "ping" overrides class "Whole" in an incompatible manner')
        ],
    ),
    "a value returned": Findings(
        mypy=[
            ("override", 'Return type "str" of "join_room" incompatible with return type "None" in supertype "Whole"'),
            (
                "override",
                'Return type "str" of "join_room" incompatible with return type "None" in supertype "chat.chat_pushwire.ChatHandlers"',
            ),
        ],
        pyright=[
            ("reportIncompatibleMethodOverride", 'Method "join_room" overrides class "Whole" in an incompatible manner')
        ],
    ),
    "an async method": Findings(
        mypy=[
            (
                "override",
                'Return type "Coroutine[Any, Any, None]" of "ping" incompatible with return type "None" in supertype "Whole"',
            ),
            (
                "override",
                'Return type "Coroutine[Any, Any, None]" of "ping" incompatible with return type "None" in supertype "chat.chat_pushwire.ChatHandlers"',
            ),
        ],
        pyright=[
            ("reportIncompatibleMethodOverride", 'Method "ping" overrides class "Whole" in an incompatible manner')
        ],
    ),
    "an async hook": Findings(
        mypy=[
            (
                "override",
                'Return type "Coroutine[Any, Any, None]" of "on_disconnect" incompatible with return type "None" in supertype "pushwire.aws_lambda.handlers.Handlers"',
            )
        ],
        pyright=[
            (
                "reportIncompatibleMethodOverride",
                'Method "on_disconnect" overrides class "Handlers" in an incompatible manner',
            )
        ],
    ),
    "a boolean for a connection": Findings(
        mypy=[
            (
                "override",
                'Return type "bool" of "on_connect" incompatible with return type "ConnectionAccepted | None" in supertype "pushwire.aws_lambda.handlers.Handlers"',
            )
        ],
        pyright=[
            (
                "reportIncompatibleMethodOverride",
                'Method "on_connect" overrides class "Handlers" in an incompatible manner',
            )
        ],
    ),
    "the request of another hook": Findings(
        mypy=[
            (
                "override",
                'Argument 1 of "on_disconnect" is incompatible with supertype "pushwire.aws_lambda.handlers.Handlers"; supertype defines the argument type as "DisconnectRequest[ChatServerSdk]"',
            )
        ],
        pyright=[
            (
                "reportIncompatibleMethodOverride",
                'Method "on_disconnect" overrides class "Handlers" in an incompatible manner',
            )
        ],
    ),
    "an inbound message sent": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 2 to "send_greeting" of "ChatServerSdk" has incompatible type "JoinRoomRequest"; expected "Greeting"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "JoinRoomRequest" cannot be assigned to parameter "message" of type "Greeting" in function "send_greeting"',
            )
        ],
    ),
    "an inbound operation sent": Findings(
        mypy=[("attr-defined", '"ChatServerSdk" has no attribute "join_room"')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "join_room" is unknown'),
            ("reportAttributeAccessIssue", 'Cannot access attribute "join_room" for class "ChatServerSdk"'),
        ],
    ),
    "a field that is not there": Findings(
        mypy=[("attr-defined", '"JoinRoomRequest" has no attribute "nickname"')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "nickname" is unknown'),
            ("reportUnknownArgumentType", "Argument type is unknown"),
            ("reportAttributeAccessIssue", 'Cannot access attribute "nickname" for class "JoinRoomRequest"'),
        ],
    ),
    "headers of a message": Findings(
        mypy=[("attr-defined", '"MessageEvent" has no attribute "headers"')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "headers" is unknown'),
            ("reportUnknownArgumentType", "Argument type is unknown"),
            ("reportAttributeAccessIssue", 'Cannot access attribute "headers" for class "MessageEvent"'),
        ],
    ),
    "a message replaced": Findings(
        mypy=[("misc", 'Property "message" defined in "Request" is read-only')],
        pyright=[
            (
                "reportAttributeAccessIssue",
                'Cannot assign to attribute "message" for class "ChatRequest[JoinRoomRequest]"',
            )
        ],
    ),
    "a message of no operation": Findings(
        mypy=[("attr-defined", '"None" has no attribute "room"')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "room" is unknown'),
            ("reportUnknownArgumentType", "Argument type is unknown"),
            ("reportAttributeAccessIssue", 'Cannot access attribute "room" for class "None"'),
        ],
    ),
    "an operation missed": Findings(
        mypy=[("abstract", 'Cannot instantiate abstract class "Incomplete" with abstract attribute "ping"')],
        pyright=[("reportAbstractUsage", 'Cannot instantiate abstract class "Incomplete"')],
    ),
    "the class itself": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "ChatRouter" has incompatible type "type[Whole]"; expected "ChatHandlers | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "type[Whole]" cannot be assigned to parameter "handlers" of type "ChatHandlers | None" in function "__init__"',
            )
        ],
    ),
    "handlers of another service": Findings(
        mypy=[("arg-type", 'Argument 1 to "ChatRouter" has incompatible type "First"; expected "ChatHandlers | None"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "First" cannot be assigned to parameter "handlers" of type "ChatHandlers | None" in function "__init__"',
            )
        ],
    ),
    "handlers by name": Findings(
        mypy=[("call-arg", 'Unexpected keyword argument "handlers" for "ChatRouter"')],
        pyright=[("reportCallIssue", 'No parameter named "handlers"')],
    ),
    "interceptors by position": Findings(
        mypy=[("call-arg", 'Too many positional arguments for "ChatRouter"')],
        pyright=[("reportCallIssue", "Expected 1 positional argument")],
    ),
    "an option misspelt": Findings(
        mypy=[("call-arg", 'Unexpected keyword argument "interceptor" for "ChatRouter"; did you mean "interceptors"?')],
        pyright=[("reportCallIssue", 'No parameter named "interceptor"')],
    ),
    "an interceptor of one argument": Findings(
        mypy=[
            (
                "list-item",
                'List item 0 has incompatible type "Callable[[Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any]], None]"; expected "Interceptor"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "list[(request: AnyRequest, /) -> None]" cannot be assigned to parameter "interceptors" of type "Sequence[Interceptor]" in function "__init__"',
            )
        ],
    ),
    "the SDK of another service": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "sdk" to "ChatRouter" has incompatible type "type[FirstServerSdk]"; expected "Callable[[str], ChatServerSdk]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "type[FirstServerSdk]" cannot be assigned to parameter "sdk" of type "(str) -> ChatServerSdk" in function "__init__"',
            )
        ],
    ),
    "an SDK in place of its factory": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "sdk" to "ChatRouter" has incompatible type "ChatServerSdk"; expected "Callable[[str], ChatServerSdk]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "ChatServerSdk" cannot be assigned to parameter "sdk" of type "(str) -> ChatServerSdk" in function "__init__"',
            )
        ],
    ),
    "a request of no message": Findings(
        mypy=[("type-var", 'Value of type variable "M_co" of "Request" cannot be "str"')],
        pyright=[("reportInvalidTypeForm", 'Could not specialize type "ChatRequest[_M@ChatRequest]"')],
    ),
    "an unknown decorator": Findings(
        mypy=[
            ("attr-defined", '"ChatRouter" has no attribute "join_rom"; maybe "join_room"?'),
            ("untyped-decorator", 'Untyped decorator makes function "misspelt" untyped'),
        ],
        pyright=[
            ("reportUnknownMemberType", 'Type of "join_rom" is unknown'),
            (
                "reportUntypedFunctionDecorator",
                "Untyped function decorator obscures type of function; ignoring decorator",
            ),
            ("reportAttributeAccessIssue", 'Cannot access attribute "join_rom" for class "ChatRouter"'),
        ],
    ),
    "an outbound operation": Findings(
        mypy=[
            ("attr-defined", '"ChatRouter" has no attribute "send_greeting"'),
            ("untyped-decorator", 'Untyped decorator makes function "outbound" untyped'),
        ],
        pyright=[
            ("reportUnknownMemberType", 'Type of "send_greeting" is unknown'),
            (
                "reportUntypedFunctionDecorator",
                "Untyped function decorator obscures type of function; ignoring decorator",
            ),
            ("reportAttributeAccessIssue", 'Cannot access attribute "send_greeting" for class "ChatRouter"'),
        ],
    ),
    "a decorated function of another message": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "__call__" of "_Decorator" has incompatible type "Callable[[Request[JoinRoomRequest, ChatServerSdk]], None]"; expected "Callable[[Request[PingMessage, ChatServerSdk]], None]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(request: ChatRequest[JoinRoomRequest]) -> None" cannot be assigned to parameter "function" of type "(ChatRequest[PingMessage]) -> None" in function "__call__"',
            )
        ],
    ),
    "a decorated function that returns a value": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "__call__" of "_Decorator" has incompatible type "Callable[[Request[PingMessage, ChatServerSdk]], str]"; expected "Callable[[Request[PingMessage, ChatServerSdk]], None]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(request: ChatRequest[PingMessage]) -> str" cannot be assigned to parameter "function" of type "(ChatRequest[PingMessage]) -> None" in function "__call__"',
            )
        ],
    ),
    "a decorated async function": Findings(
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
    "a decorator's option misspelt": Findings(
        mypy=[
            (
                "call-overload",
                'Unexpected keyword argument "interceptor" for overloaded function "__call__" of "_Decorator"; did you mean "interceptors"?',
            ),
            ("untyped-decorator", 'Untyped decorator makes function "misspelt_option" untyped'),
        ],
        pyright=[
            ("reportCallIssue", 'No overloads for "__call__" match the provided arguments'),
            (
                "reportUntypedFunctionDecorator",
                "Untyped function decorator obscures type of function; ignoring decorator",
            ),
        ],
    ),
    "a decorator without an option": Findings(
        mypy=[
            ("call-overload", 'All overload variants of "__call__" of "_Decorator" require at least one argument'),
            ("untyped-decorator", 'Untyped decorator makes function "without_an_option" untyped'),
        ],
        pyright=[
            ("reportCallIssue", 'No overloads for "__call__" match the provided arguments'),
            (
                "reportUntypedFunctionDecorator",
                "Untyped function decorator obscures type of function; ignoring decorator",
            ),
        ],
    ),
    "a string for a connection": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "__call__" of "_Decorator" has incompatible type "Callable[[ConnectRequest[ChatServerSdk]], str]"; expected "Callable[[ConnectRequest[ChatServerSdk]], ConnectionAccepted | None]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(request: ChatConnectRequest) -> str" cannot be assigned to parameter "function" of type "(ConnectRequest[ChatServerSdk]) -> (ConnectionAccepted | None)" in function "__call__"',
            )
        ],
    ),
    "an operation's request for a connection": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "__call__" of "_Decorator" has incompatible type "Callable[[Request[PingMessage, ChatServerSdk]], ConnectionAccepted]"; expected "Callable[[ConnectRequest[ChatServerSdk]], ConnectionAccepted | None]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(request: ChatRequest[PingMessage]) -> ConnectionAccepted" cannot be assigned to parameter "function" of type "(ConnectRequest[ChatServerSdk]) -> (ConnectionAccepted | None)" in function "__call__"',
            )
        ],
    ),
    "a deprecated decorator": Findings(
        mypy=[
            (
                "deprecated",
                "function deprecations.deprecated_pushwire.DeprecationRouter.retire_received is deprecated: RetireReceived is deprecated.",
            )
        ],
        pyright=[("reportDeprecated", 'The getter for property "retire_received" is deprecated')],
    ),
}
"""By what the line calls the mistake; a line that is not here has to be clean."""
