"""What mypy and pyright say to each line of `fixtures/typing/mistakes.py`."""

# ruff: noqa: E501  # messages stay whole, to be found by a search

from typing import NamedTuple


class Findings(NamedTuple):
    """What the checkers say to one line: codes and messages, of pyright each message's first line."""

    mypy: list[tuple[str, str]]
    pyright: list[tuple[str, str]]


FINDINGS: dict[str, Findings] = {
    "from deprecations.deprecated_pushwire import DeprecationServerSdk, OldServerSdk": Findings(
        mypy=[
            (
                "deprecated",
                "class deprecations.deprecated_pushwire.OldServerSdk is deprecated: OldService is deprecated.",
            )
        ],
        pyright=[("reportDeprecated", 'The class "OldServerSdk" is deprecated')],
    ),
    'sdk.send_greeting("id", chat_pb2.PingMessage())': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 2 to "send_greeting" of "ChatServerSdk" has incompatible type "PingMessage"; expected "Greeting"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "PingMessage" cannot be assigned to parameter "message" of type "Greeting" in function "send_greeting"',
            )
        ],
    ),
    'sdk.send_greeting("id", billing_chat_pb2.Greeting())': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 2 to "send_greeting" of "ChatServerSdk" has incompatible type "billing.chat_pb2.Greeting"; expected "chat.chat_pb2.Greeting"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Greeting" cannot be assigned to parameter "message" of type "Greeting" in function "send_greeting"',
            )
        ],
    ),
    'sdk.send_greeting("id", "Hello!")': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 2 to "send_greeting" of "ChatServerSdk" has incompatible type "str"; expected "Greeting"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'Hello!\']" cannot be assigned to parameter "message" of type "Greeting" in function "send_greeting"',
            )
        ],
    ),
    'sdk.send_greeting("id", chat_pb2.Greeting)': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 2 to "send_greeting" of "ChatServerSdk" has incompatible type "type[Greeting]"; expected "Greeting"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "type[Greeting]" cannot be assigned to parameter "message" of type "Greeting" in function "send_greeting"',
            )
        ],
    ),
    'sdk.send_greeting("id", None)': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 2 to "send_greeting" of "ChatServerSdk" has incompatible type "None"; expected "Greeting"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "None" cannot be assigned to parameter "message" of type "Greeting" in function "send_greeting"',
            )
        ],
    ),
    'sdk.send_greeting("id")': Findings(
        mypy=[("call-arg", 'Missing positional argument "message" in call to "send_greeting" of "ChatServerSdk"')],
        pyright=[("reportCallIssue", 'Argument missing for parameter "message"')],
    ),
    "sdk.send_greeting(greeting)": Findings(
        mypy=[
            ("call-arg", 'Missing positional argument "message" in call to "send_greeting" of "ChatServerSdk"'),
            (
                "arg-type",
                'Argument 1 to "send_greeting" of "ChatServerSdk" has incompatible type "Greeting"; expected "str"',
            ),
        ],
        pyright=[("reportCallIssue", 'Argument missing for parameter "message"')],
    ),
    'sdk.send_greeting(greeting, "id")': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "send_greeting" of "ChatServerSdk" has incompatible type "Greeting"; expected "str"',
            ),
            (
                "arg-type",
                'Argument 2 to "send_greeting" of "ChatServerSdk" has incompatible type "str"; expected "Greeting"',
            ),
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Greeting" cannot be assigned to parameter "connection_id" of type "str" in function "send_greeting"',
            ),
            (
                "reportArgumentType",
                'Argument of type "Literal[\'id\']" cannot be assigned to parameter "message" of type "Greeting" in function "send_greeting"',
            ),
        ],
    ),
    'sdk.send_greeting(b"id", greeting)': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "send_greeting" of "ChatServerSdk" has incompatible type "bytes"; expected "str"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[b"id"]" cannot be assigned to parameter "connection_id" of type "str" in function "send_greeting"',
            )
        ],
    ),
    'sdk.send_greeting(["id"], greeting)': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "send_greeting" of "ChatServerSdk" has incompatible type "list[str]"; expected "str"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "list[str]" cannot be assigned to parameter "connection_id" of type "str" in function "send_greeting"',
            )
        ],
    ),
    'sdk.send_greeting("id", greeting, retries=3)': Findings(
        mypy=[("call-arg", 'Unexpected keyword argument "retries" for "send_greeting" of "ChatServerSdk"')],
        pyright=[("reportCallIssue", 'No parameter named "retries"')],
    ),
    'sdk.send_greeting("id", payload=greeting)': Findings(
        mypy=[("call-arg", 'Unexpected keyword argument "payload" for "send_greeting" of "ChatServerSdk"')],
        pyright=[
            ("reportCallIssue", 'Argument missing for parameter "message"'),
            ("reportCallIssue", 'No parameter named "payload"'),
        ],
    ),
    'sdk.send_greting("id", greeting)': Findings(
        mypy=[("attr-defined", '"ChatServerSdk" has no attribute "send_greting"; maybe "send_greeting"?')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "send_greting" is unknown'),
            ("reportAttributeAccessIssue", 'Cannot access attribute "send_greting" for class "ChatServerSdk"'),
        ],
    ),
    'sdk.SendGreeting("id", greeting)': Findings(
        mypy=[("attr-defined", '"ChatServerSdk" has no attribute "SendGreeting"; maybe "send_greeting"?')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "SendGreeting" is unknown'),
            ("reportAttributeAccessIssue", 'Cannot access attribute "SendGreeting" for class "ChatServerSdk"'),
        ],
    ),
    'sdk.join_room("id", chat_pb2.JoinRoomRequest())': Findings(
        mypy=[("attr-defined", '"ChatServerSdk" has no attribute "join_room"')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "join_room" is unknown'),
            ("reportAttributeAccessIssue", 'Cannot access attribute "join_room" for class "ChatServerSdk"'),
        ],
    ),
    'sdk.poke("id", greeting)': Findings(
        mypy=[("call-arg", 'Too many arguments for "poke" of "ChatServerSdk"')],
        pyright=[("reportCallIssue", "Expected 1 positional argument")],
    ),
    'sent = sdk.send_greeting("id", greeting)': Findings(
        mypy=[
            (
                "func-returns-value",
                '"send_greeting" of "ChatServerSdk" does not return a value (it only ever returns None)',
            )
        ],
        pyright=[],
    ),
    'sdk.connections.post("id", b"{}")': Findings(
        mypy=[("attr-defined", '"ConnectionsView" has no attribute "post"')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "post" is unknown'),
            ("reportAttributeAccessIssue", 'Cannot access attribute "post" for class "ConnectionsView"'),
        ],
    ),
    "sdk.connections = transport": Findings(
        mypy=[
            ("misc", 'Property "connections" defined in "ServerSdk" is read-only'),
            (
                "assignment",
                'Incompatible types in assignment (expression has type "RecordingTransport", variable has type "ConnectionsView")',
            ),
        ],
        pyright=[("reportAttributeAccessIssue", 'Cannot assign to attribute "connections" for class "ChatServerSdk"')],
    ),
    'ChatServerSdk(callback="https://abc.execute-api.eu-west-1.amazonaws.com/prod")': Findings(
        mypy=[("call-arg", 'Unexpected keyword argument "callback" for "ChatServerSdk"; did you mean "callback_url"?')],
        pyright=[("reportCallIssue", 'No parameter named "callback"')],
    ),
    'ChatServerSdk("https://abc.execute-api.eu-west-1.amazonaws.com/prod", "eu-west-1")': Findings(
        mypy=[
            ("call-arg", 'Too many positional arguments for "ChatServerSdk"'),
            (
                "arg-type",
                'Argument 2 to "ChatServerSdk" has incompatible type "str"; expected "ManagementApiClient | None"',
            ),
        ],
        pyright=[("reportCallIssue", "Expected 1 positional argument")],
    ),
    'ChatServerSdk(transport="https://abc.execute-api.eu-west-1.amazonaws.com/prod")': Findings(
        mypy=[
            (
                "arg-type",
                'Argument "transport" to "ChatServerSdk" has incompatible type "str"; expected "Transport | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'https://abc.execute-api.eu-west-1.amazonaws.com/pr…\']" cannot be assigned to parameter "transport" of type "Transport | None" in function "__init__"',
            )
        ],
    ),
    'ChatServerSdk(transport=transport, frame_format="json")': Findings(
        mypy=[
            (
                "arg-type",
                'Argument "frame_format" to "ChatServerSdk" has incompatible type "str"; expected "Format | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'json\']" cannot be assigned to parameter "frame_format" of type "Format | None" in function "__init__"',
            )
        ],
    ),
    'NoteServerSdk(transport=transport).send_own("id", one_note_pb2.Note())': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 2 to "send_own" of "NoteServerSdk" has incompatible type "aliases.one.note_pb2.Note"; expected "aliases.note_pb2.Note"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Note" cannot be assigned to parameter "message" of type "Note" in function "send_own"',
            )
        ],
    ),
    'NoteServerSdk(transport=transport).send_two("id", note_pb2.Note())': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 2 to "send_two" of "NoteServerSdk" has incompatible type "aliases.note_pb2.Note"; expected "aliases.two.note_pb2.Note"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Note" cannot be assigned to parameter "message" of type "Note" in function "send_two"',
            )
        ],
    ),
    'KeywordServerSdk(transport=transport).str("id", "Hello!")': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 2 to "str" of "KeywordServerSdk" has incompatible type "builtins.str"; expected "names.keywords_pb2.str"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'Hello!\']" cannot be assigned to parameter "message" of type "str" in function "str"',
            )
        ],
    ),
    'KeywordServerSdk(transport=transport).none("id", None)': Findings(
        mypy=[
            ("arg-type", 'Argument 2 to "none" of "KeywordServerSdk" has incompatible type "None"; expected "_r_None"')
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "None" cannot be assigned to parameter "message" of type "_keywords_pb2_None" in function "none"',
            )
        ],
    ),
    'KeywordServerSdk(transport=transport).import_("id", keywords_pb2.Outer())': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 2 to "import_" of "KeywordServerSdk" has incompatible type "Outer"; expected "_r_import"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Outer" cannot be assigned to parameter "message" of type "_keywords_pb2_import" in function "import_"',
            )
        ],
    ),
    "KeywordServerSdk(transport=transport).close(keywords_pb2.Outer())": Findings(
        mypy=[("call-arg", 'Too many arguments for "close" of "ServerSdk"')],
        pyright=[("reportCallIssue", "Expected 0 positional arguments")],
    ),
    'DeprecationServerSdk(transport=transport).retire("id", deprecated_pb2.Current())': Findings(
        mypy=[
            (
                "deprecated",
                "function deprecations.deprecated_pushwire.DeprecationServerSdk.retire is deprecated: Retire is deprecated.",
            )
        ],
        pyright=[("reportDeprecated", 'The method "retire" in class "DeprecationServerSdk" is deprecated')],
    ),
    'DeprecationServerSdk(transport=transport).retire_behind("id", deprecated_pb2.Current())': Findings(
        mypy=[
            (
                "deprecated",
                'function deprecations.deprecated_pushwire.DeprecationServerSdk.retire_behind is deprecated: Use `SendCurrent`, "now" \\',
            )
        ],
        pyright=[("reportDeprecated", 'The method "retire_behind" in class "DeprecationServerSdk" is deprecated')],
    ),
    'DeprecationServerSdk(transport=transport).retire_in_front("id", deprecated_pb2.Current())': Findings(
        mypy=[
            (
                "deprecated",
                "function deprecations.deprecated_pushwire.DeprecationServerSdk.retire_in_front is deprecated: Use `SendCurrent`: it is newer.",
            )
        ],
        pyright=[("reportDeprecated", 'The method "retire_in_front" in class "DeprecationServerSdk" is deprecated')],
    ),
    "OldServerSdk(transport=transport)": Findings(
        mypy=[], pyright=[("reportDeprecated", 'The class "OldServerSdk" is deprecated')]
    ),
    'sdk.to(["id"]).send_greeting(chat_pb2.PingMessage())': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "send_greeting" of "ChatBroadcast" has incompatible type "PingMessage"; expected "Greeting"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "PingMessage" cannot be assigned to parameter "message" of type "Greeting" in function "send_greeting"',
            )
        ],
    ),
    'sdk.to(["id"]).send_greeting()': Findings(
        mypy=[("call-arg", 'Missing positional argument "message" in call to "send_greeting" of "ChatBroadcast"')],
        pyright=[("reportCallIssue", 'Argument missing for parameter "message"')],
    ),
    "sdk.to([1]).send_greeting(greeting)": Findings(
        mypy=[("list-item", 'List item 0 has incompatible type "int"; expected "str"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "list[int]" cannot be assigned to parameter "connection_ids" of type "Iterable[str]" in function "to"',
            )
        ],
    ),
    "sdk.to(5).send_greeting(greeting)": Findings(
        mypy=[("call-overload", 'No overload variant of "to" of "ServerSdk" matches argument type "int"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[5]" cannot be assigned to parameter "connection_ids" of type "Iterable[str]" in function "to"',
            )
        ],
    ),
    'sdk.to(["id"], max_inflight=8).send_greeting(greeting)': Findings(
        mypy=[
            (
                "call-overload",
                'Unexpected keyword argument "max_inflight" for overloaded function "to" of "ServerSdk"; did you mean "max_in_flight"?',
            ),
            ("call-overload", 'No overload variant of "to" of "ServerSdk" matches argument types "list[str]", "int"'),
        ],
        pyright=[
            ("reportCallIssue", 'No overloads for "to" match the provided arguments'),
            ("reportUnknownMemberType", 'Type of "send_greeting" is unknown'),
        ],
    ),
    'sdk.to(["id"], deadline="1s").send_greeting(greeting)': Findings(
        mypy=[
            ("call-overload", 'No overload variant of "to" of "ServerSdk" matches argument types "list[str]", "str"')
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'1s\']" cannot be assigned to parameter "deadline" of type "float | None" in function "to"',
            )
        ],
    ),
    'sdk.to(["id"], rate_limit=5000).send_greeting(greeting)': Findings(
        mypy=[
            ("call-overload", 'No overload variant of "to" of "ServerSdk" matches argument types "list[str]", "int"')
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[5000]" cannot be assigned to parameter "rate_limit" of type "RateLimit | None" in function "to"',
            )
        ],
    ),
    'sdk.to(["id"], on_outcome=lambda _id: None).send_greeting(greeting)': Findings(
        mypy=[
            ("misc", "Cannot infer type of lambda"),
            (
                "arg-type",
                'Argument "on_outcome" to "to" of "ServerSdk" has incompatible type "Callable[[Any], None]"; expected "Callable[[str, SendError | None], object] | None"',
            ),
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(_id: str) -> None" cannot be assigned to parameter "on_outcome" of type "((str, SendError | None) -> object) | None" in function "to"',
            )
        ],
    ),
    'sdk.to(["id"], skip=5).send_greeting(greeting)': Findings(
        mypy=[
            ("call-overload", 'No overload variant of "to" of "ServerSdk" matches argument types "list[str]", "int"')
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[5]" cannot be assigned to parameter "skip" of type "Collection[str]" in function "to"',
            )
        ],
    ),
    'sdk.to(["id"], topic="lobby").send_greeting(greeting)': Findings(
        mypy=[
            ("call-overload", 'No overload variant of "to" of "ServerSdk" matches argument types "list[str]", "str"')
        ],
        pyright=[
            ("reportCallIssue", 'No overloads for "to" match the provided arguments'),
            ("reportUnknownMemberType", 'Type of "send_greeting" is unknown'),
        ],
    ),
    'sdk.to(connection_ids=["id"]).send_greeting(greeting)': Findings(
        mypy=[
            (
                "call-overload",
                'Unexpected keyword argument "connection_ids" for overloaded function "to" of "ServerSdk"',
            )
        ],
        pyright=[
            ("reportCallIssue", 'No overloads for "to" match the provided arguments'),
            ("reportUnknownMemberType", 'Type of "send_greeting" is unknown'),
        ],
    ),
    'sdk.to(["id"]).join_room(chat_pb2.JoinRoomRequest())': Findings(
        mypy=[("attr-defined", '"ChatBroadcast[BroadcastReport]" has no attribute "join_room"')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "join_room" is unknown'),
            (
                "reportAttributeAccessIssue",
                'Cannot access attribute "join_room" for class "ChatBroadcast[BroadcastReport]"',
            ),
        ],
    ),
    'sdk.to(["id"]).poke(greeting)': Findings(
        mypy=[("call-arg", 'Too many arguments for "poke" of "ChatBroadcast"')],
        pyright=[("reportCallIssue", "Expected 0 positional arguments")],
    ),
    'sdk.to(["id"]).send_greeting(greeting).accepted = 5': Findings(
        mypy=[("misc", 'Property "accepted" defined in "BroadcastReport" is read-only')],
        pyright=[("reportAttributeAccessIssue", 'Cannot assign to attribute "accepted" for class "BroadcastReport"')],
    ),
    'print(sdk.to(["id"]).send_greeting(greeting).not_tried)': Findings(
        mypy=[("attr-defined", '"BroadcastReport" has no attribute "not_tried"')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "not_tried" is unknown'),
            ("reportUnknownArgumentType", "Argument type is unknown"),
            ("reportAttributeAccessIssue", 'Cannot access attribute "not_tried" for class "BroadcastReport"'),
        ],
    ),
    'sdk.to(topic="lobby", user="ada").send_greeting(greeting)': Findings(
        mypy=[("call-overload", 'No overload variant of "to" of "ServerSdk" matches argument types "str", "str"')],
        pyright=[
            ("reportCallIssue", 'No overloads for "to" match the provided arguments'),
            ("reportUnknownMemberType", 'Type of "send_greeting" is unknown'),
        ],
    ),
    'sdk.to(topic=["lobby"]).send_greeting(greeting)': Findings(
        mypy=[("call-overload", 'No overload variant of "to" of "ServerSdk" matches argument type "list[str]"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "list[str]" cannot be assigned to parameter "topic" of type "str" in function "to"',
            )
        ],
    ),
    'sdk.to(user="ada", dead_line=5).send_greeting(greeting)': Findings(
        mypy=[
            (
                "call-overload",
                'Unexpected keyword argument "dead_line" for overloaded function "to" of "ServerSdk"; did you mean "deadline"?',
            ),
            ("call-overload", 'No overload variant of "to" of "ServerSdk" matches argument types "str", "int"'),
        ],
        pyright=[
            ("reportCallIssue", 'No overloads for "to" match the provided arguments'),
            ("reportUnknownMemberType", 'Type of "send_greeting" is unknown'),
        ],
    ),
    'sdk.to(topic="lobby").send_greeting(chat_pb2.PingMessage())': Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "send_greeting" of "ChatBroadcast" has incompatible type "PingMessage"; expected "Greeting"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "PingMessage" cannot be assigned to parameter "message" of type "Greeting" in function "send_greeting"',
            )
        ],
    ),
    "sdk.to().send_greeting(greeting)": Findings(
        mypy=[("call-overload", 'All overload variants of "to" of "ServerSdk" require at least one argument')],
        pyright=[
            ("reportCallIssue", 'No overloads for "to" match the provided arguments'),
            ("reportUnknownMemberType", 'Type of "send_greeting" is unknown'),
        ],
    ),
    "ChatServerSdk(transport=transport, store=AsyncStore(store))": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "store" to "ChatServerSdk" has incompatible type "AsyncStore"; expected "ConnectionStore | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "AsyncStore" cannot be assigned to parameter "store" of type "ConnectionStore | None" in function "__init__"',
            )
        ],
    ),
    'ChatServerSdk(transport=transport, store="sqlite:connections.sqlite")': Findings(
        mypy=[
            (
                "arg-type",
                'Argument "store" to "ChatServerSdk" has incompatible type "str"; expected "ConnectionStore | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'sqlite:connections.sqlite\']" cannot be assigned to parameter "store" of type "ConnectionStore | None" in function "__init__"',
            )
        ],
    ),
    "ChatRouter(store=AsyncStore(store))": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "store" to "ChatRouter" has incompatible type "AsyncStore"; expected "ConnectionStore | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "AsyncStore" cannot be assigned to parameter "store" of type "ConnectionStore | None" in function "__init__"',
            )
        ],
    ),
    'store.connect("id", "ada")': Findings(
        mypy=[("call-arg", 'Too many positional arguments for "connect" of "SqliteStore"')],
        pyright=[("reportCallIssue", "Expected 1 positional argument")],
    ),
    'store.connect("id", attributes={"age": 36})': Findings(
        mypy=[("dict-item", 'Dict entry 0 has incompatible type "str": "int"; expected "str": "str"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "dict[str, int]" cannot be assigned to parameter "attributes" of type "Mapping[str, str] | None" in function "connect"',
            )
        ],
    ),
    'store.join("id")': Findings(
        mypy=[("call-arg", 'Missing positional argument "topic" in call to "join" of "SqliteStore"')],
        pyright=[("reportCallIssue", 'Argument missing for parameter "topic"')],
    ),
    'store.identify("id")': Findings(
        mypy=[("call-arg", 'Missing named argument "user" for "identify" of "SqliteStore"')],
        pyright=[("reportCallIssue", 'Argument missing for parameter "user"')],
    ),
    'print(store.disconnect("id").user)': Findings(
        mypy=[("union-attr", 'Item "None" of "StoredConnection | None" has no attribute "user"')],
        pyright=[("reportOptionalMemberAccess", '"user" is not a known attribute of "None"')],
    ),
    'print(next(store.of_user("ada")).connection_id)': Findings(
        mypy=[("attr-defined", '"str" has no attribute "connection_id"')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "connection_id" is unknown'),
            ("reportUnknownArgumentType", "Argument type is unknown"),
            ("reportAttributeAccessIssue", 'Cannot access attribute "connection_id" for class "str"'),
        ],
    ),
    'DynamoDBStore("connections", client=transport)': Findings(
        mypy=[
            (
                "arg-type",
                'Argument "client" to "DynamoDBStore" has incompatible type "RecordingTransport"; expected "DynamoDBClient | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "RecordingTransport" cannot be assigned to parameter "client" of type "DynamoDBClient | None" in function "__init__"',
            )
        ],
    ),
}
"""By the text of the line; a line that is not here has to be clean."""
