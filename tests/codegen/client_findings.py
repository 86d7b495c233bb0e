"""What mypy and pyright say to each mistake of `fixtures/typing/mistaken_client.py`."""

# ruff: noqa: E501  # messages stay whole, to be found by a search

from tests.codegen.checker_findings import Findings

FINDINGS: dict[str, Findings] = {
    "a match that forgets an event": Findings(
        mypy=[("return", "Missing return statement")],
        pyright=[("reportReturnType", 'Function with declared return type "str" must return value on all code paths')],
    ),
    "the event that it forgets": Findings(
        mypy=[],
        pyright=[("reportMatchNotExhaustive", "Cases within match statement do not exhaustively handle all values")],
    ),
    "a field of another event": Findings(
        mypy=[("attr-defined", '"PingMessage" has no attribute "greeting"')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "greeting" is unknown'),
            ("reportUnknownArgumentType", "Argument type is unknown"),
            ("reportAttributeAccessIssue", 'Cannot access attribute "greeting" for class "PingMessage"'),
        ],
    ),
    "what only some events have": Findings(
        mypy=[
            (
                "union-attr",
                'Item "UnknownEvent" of "ChatSendGreetingEvent | ChatPokeEvent | GatewayError | UnknownEvent" has no attribute "message"',
            )
        ],
        pyright=[
            ("reportUnknownMemberType", 'Type of "message" is partially unknown'),
            ("reportUnknownArgumentType", "Argument type is partially unknown"),
            ("reportAttributeAccessIssue", 'Cannot access attribute "message" for class "UnknownEvent"'),
        ],
    ),
    "another message sent": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "join_room" of "ChatClient" has incompatible type "PingMessage"; expected "JoinRoomRequest"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "PingMessage" cannot be assigned to parameter "message" of type "JoinRoomRequest" in function "join_room"',
            )
        ],
    ),
    "another file's message sent": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "ping" of "ChatClient" has incompatible type "Greeting"; expected "PingMessage"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Greeting" cannot be assigned to parameter "message" of type "PingMessage" in function "ping"',
            )
        ],
    ),
    "no message": Findings(
        mypy=[("call-arg", 'Missing positional argument "message" in call to "join_room" of "ChatClient"')],
        pyright=[("reportCallIssue", 'Argument missing for parameter "message"')],
    ),
    "a send of a client that is not awaited": Findings(
        mypy=[("unused-coroutine", 'Value of type "Coroutine[Any, Any, None]" must be used')],
        pyright=[
            (
                "reportUnusedCoroutine",
                'Result of async function call is not used; use "await" or assign result to variable',
            )
        ],
    ),
    "an operation that only servers send": Findings(
        mypy=[("attr-defined", '"ChatClient" has no attribute "send_greeting"; maybe "on_send_greeting"?')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "send_greeting" is unknown'),
            ("reportAttributeAccessIssue", 'Cannot access attribute "send_greeting" for class "ChatClient"'),
        ],
    ),
    "a method misspelt": Findings(
        mypy=[("attr-defined", '"ChatClient" has no attribute "join_rom"; maybe "join_room"?')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "join_rom" is unknown'),
            ("reportAttributeAccessIssue", 'Cannot access attribute "join_rom" for class "ChatClient"'),
        ],
    ),
    "a listener to what only clients send": Findings(
        mypy=[("attr-defined", '"ChatClient" has no attribute "on_join_room"; maybe "join_room"?')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "on_join_room" is unknown'),
            ("reportAttributeAccessIssue", 'Cannot access attribute "on_join_room" for class "ChatClient"'),
        ],
    ),
    "a listener of another message": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "on_send_greeting" of "ChatClient" has incompatible type "Callable[[PingMessage], None]"; expected "Callable[[Greeting], object]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(ping: PingMessage) -> None" cannot be assigned to parameter "listener" of type "(Greeting) -> object" in function "on_send_greeting"',
            )
        ],
    ),
    "an async listener of another message": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "on_send_greeting" of "ChatClient" has incompatible type "Callable[[PingMessage], Coroutine[Any, Any, None]]"; expected "Callable[[Greeting], object]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(ping: PingMessage) -> CoroutineType[Any, Any, None]" cannot be assigned to parameter "listener" of type "(Greeting) -> object" in function "on_send_greeting"',
            )
        ],
    ),
    "a listener of two arguments": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "on_send_greeting" of "ChatClient" has incompatible type "Callable[[Greeting, str], None]"; expected "Callable[[Greeting], object]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(greeting: Greeting, connection_id: str) -> None" cannot be assigned to parameter "listener" of type "(Greeting) -> object" in function "on_send_greeting"',
            )
        ],
    ),
    "no listener": Findings(
        mypy=[("call-arg", 'Missing positional argument "listener" in call to "on_send_greeting" of "ChatClient"')],
        pyright=[("reportCallIssue", 'Argument missing for parameter "listener"')],
    ),
    "a timeout by position": Findings(
        mypy=[("call-arg", 'Too many positional arguments for "wait_for_ping" of "ChatClient"')],
        pyright=[("reportCallIssue", "Expected 0 positional arguments")],
    ),
    "a timeout in words": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "timeout" to "wait_for_ping" of "ChatClient" has incompatible type "str"; expected "float | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'5 s\']" cannot be assigned to parameter "timeout" of type "float | None" in function "wait_for_ping"',
            )
        ],
    ),
    "a hook with an argument": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "on_reconnect" of "Client" has incompatible type "Callable[[PingMessage], None]"; expected "Callable[[], object]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(ping: PingMessage) -> None" cannot be assigned to parameter "hook" of type "() -> object" in function "on_reconnect"',
            )
        ],
    ),
    "a status set": Findings(
        mypy=[
            ("misc", 'Property "status" defined in "Client" is read-only'),
            ("assignment", 'Incompatible types in assignment (expression has type "None", variable has type "Status")'),
        ],
        pyright=[("reportAttributeAccessIssue", 'Cannot assign to attribute "status" for class "ChatClient"')],
    ),
    "an iteration that does not wait": Findings(
        mypy=[("attr-defined", '"ChatClient" has no attribute "__iter__" (not iterable)')],
        pyright=[
            ("reportUnknownVariableType", 'Type of "_event" is unknown'),
            ("reportGeneralTypeIssues", '"ChatClient" is not iterable'),
        ],
    ),
    "an option of a client misspelt": Findings(
        mypy=[("call-arg", 'Unexpected keyword argument "auht" for "ChatClient"')],
        pyright=[("reportCallIssue", 'No parameter named "auht"')],
    ),
    "a token for an auth": Findings(
        mypy=[("arg-type", 'Argument "auth" to "ChatClient" has incompatible type "str"; expected "Auth | None"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'secret\']" cannot be assigned to parameter "auth" of type "Auth | None" in function "__init__"',
            )
        ],
    ),
    "the class of an auth": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "auth" to "ChatClient" has incompatible type "type[QueryAuth]"; expected "Auth | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "type[QueryAuth]" cannot be assigned to parameter "auth" of type "Auth | None" in function "__init__"',
            )
        ],
    ),
    "a number in a string": Findings(
        mypy=[
            ("arg-type", 'Argument "max_attempts" to "ChatClient" has incompatible type "str"; expected "int | None"')
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'3\']" cannot be assigned to parameter "max_attempts" of type "int | None" in function "__init__"',
            )
        ],
    ),
    "a connection by position": Findings(
        mypy=[("arg-type", 'Argument 1 to "ChatClient" has incompatible type "Connection"; expected "str | None"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Connection" cannot be assigned to parameter "url" of type "str | None" in function "__init__"',
            )
        ],
    ),
    "a client for a connection": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "connection" to "FirstClient" has incompatible type "ChatClient"; expected "Connection | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "ChatClient" cannot be assigned to parameter "connection" of type "Connection | None" in function "__init__"',
            )
        ],
    ),
    "a token that is a number": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 2 to "QueryAuth" has incompatible type "int"; expected "str | Callable[[], str | Awaitable[str]]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[5]" cannot be assigned to parameter "token" of type "Token" in function "__init__"',
            )
        ],
    ),
    "a deprecated listener": Findings(
        mypy=[
            (
                "deprecated",
                "function deprecations.deprecated_pushwire_client.DeprecationClient.on_retire is deprecated: Retire is deprecated.",
            )
        ],
        pyright=[("reportDeprecated", 'The method "on_retire" in class "DeprecationClient" is deprecated')],
    ),
    "a deprecated send": Findings(
        mypy=[
            (
                "deprecated",
                "function deprecations.deprecated_pushwire_client.DeprecationClient.retire_received is deprecated: RetireReceived is deprecated.",
            )
        ],
        pyright=[("reportDeprecated", 'The method "retire_received" in class "DeprecationClient" is deprecated')],
    ),
    "another operation's message in a test": Findings(
        mypy=[("misc", 'Cannot infer value of type parameter "M" of "send" of "GatewayClient"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Operation[JoinRoomRequest]" cannot be assigned to parameter "operation" of type "Operation[M@send]" in function "send"',
            )
        ],
    ),
    "a route in a test": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "send" of "GatewayClient" has incompatible type "str"; expected "Operation[JoinRoomRequest]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'JoinRoom\']" cannot be assigned to parameter "operation" of type "Operation[M@send]" in function "send"',
            )
        ],
    ),
    "an event with another message": Findings(
        mypy=[("misc", 'Cannot infer value of type parameter "M" of "message_event"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Operation[JoinRoomRequest]" cannot be assigned to parameter "operation" of type "Operation[M@message_event]" in function "message_event"',
            )
        ],
    ),
    "a field that the received message does not have": Findings(
        mypy=[
            ("no-any-return", 'Returning Any from function declared to return "str"'),
            ("attr-defined", '"Greeting" has no attribute "note"'),
        ],
        pyright=[
            ("reportUnknownMemberType", 'Type of "note" is unknown'),
            ("reportUnknownVariableType", "Return type is unknown"),
            ("reportAttributeAccessIssue", 'Cannot access attribute "note" for class "Greeting"'),
        ],
    ),
    "a block that does not wait": Findings(
        mypy=[
            ("attr-defined", '"ChatClient" has no attribute "__enter__"'),
            ("attr-defined", '"ChatClient" has no attribute "__exit__"'),
        ],
        pyright=[
            (
                "reportGeneralTypeIssues",
                'Object of type "ChatClient" cannot be used with "with" because it does not correctly implement __enter__',
            ),
            (
                "reportGeneralTypeIssues",
                'Object of type "ChatClient" cannot be used with "with" because it does not correctly implement __exit__',
            ),
            ("reportUnknownVariableType", 'Type of "client" is unknown'),
        ],
    ),
}
