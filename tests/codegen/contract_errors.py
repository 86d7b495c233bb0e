"""Contracts with errors, each as a table row; `contract_mistake.py` explains the signs."""

# ruff: noqa: E501  # each expected line stays whole, to be found by a search

from pushwire import __version__
from tests.codegen.contract_mistake import EMPTY, Mistake, contract, mistake, wrong_paths

TAKES_A_STREAM = "takes a stream, but an operation has one message; remove `stream` from its request"
RETURNS_A_STREAM = "returns a stream, but an operation has at most one reply; remove `stream` from its response"
ONLY_CLIENTS_ASK = (
    "but only clients can send a request with a reply, because a Lambda function cannot wait for the reply of a client; "
    f"set its direction to DIRECTION_CLIENT_TO_SERVER, or return {EMPTY}"
)
NO_DIRECTION = (
    "has no direction, which each rpc of a service with operations requires; set `direction` in `option "
    "(pushwire.v1.operation)` to DIRECTION_CLIENT_TO_SERVER, DIRECTION_SERVER_TO_CLIENT or DIRECTION_BIDIRECTIONAL, or "
    "move the rpc to another service"
)
UNKNOWN_DIRECTION = (
    f"its direction has a number that protoc-gen-pushwire {__version__} does not know; set DIRECTION_CLIENT_TO_SERVER, "
    "DIRECTION_SERVER_TO_CLIENT or DIRECTION_BIDIRECTIONAL, or upgrade pushwire"
)
UNKNOWN_FORMAT = (
    f"its format has a number that protoc-gen-pushwire {__version__} does not know; set FORMAT_JSON or FORMAT_BINARY, "
    "or upgrade pushwire"
)
OWN_ROUTES = "begins with $, which only API Gateway's own routes may do; set another `route`"
OTHER_CHARACTERS = "may contain only letters, digits and . _ / -; set another `route`"
TOO_LONG = "its route has 129 characters, and at most 128 are allowed; set a shorter `route`"
ROUTE_TAKEN = "set another `route`, unique in the service"
RENAME_ONE = "rename one of the two"
PRIVATE = "begins with an underscore, which marks private names in Python; rename it"

LONG_NAME = "A" + "n" * 127 + "d"
"""A name with 129 characters."""

MISTAKES = [
    mistake(
        "client_streaming",
        """\
        service NoteService {
          rpc Send(①stream Note) returns (EMPTY) SEND
        }
        """,
        f"① NoteService.Send: {TAKES_A_STREAM}",
    ),
    mistake(
        "server_streaming",
        """\
        service NoteService {
          rpc Send(Note) returns (①stream EMPTY) SEND
        }
        """,
        f"① NoteService.Send: {RETURNS_A_STREAM}",
    ),
    mistake(
        "bidirectional_streaming",
        """\
        service NoteService {
          rpc Send(①stream Note) returns (②stream EMPTY) SEND
        }
        """,
        f"① NoteService.Send: {TAKES_A_STREAM}",
        f"② NoteService.Send: {RETURNS_A_STREAM}",
    ),
    mistake(
        "reply_to_a_server",
        """\
        service NoteService {
          rpc Send(Note) returns (①Answer) SEND
          rpc Exchange(Note) returns (②Answer) {
            option (pushwire.v1.operation) = {direction: DIRECTION_BIDIRECTIONAL};
          }
          rpc Ask(Note) returns (Answer) RECEIVE
        }
        """,
        f"① NoteService.Send: returns mistakes.reply_to_a_server.Answer, {ONLY_CLIENTS_ASK}",
        f"② NoteService.Exchange: returns mistakes.reply_to_a_server.Answer, {ONLY_CLIENTS_ASK}",
    ),
    mistake(
        "reply_with_an_empty_of_its_own",
        """\
        message Empty {}

        service NoteService {
          rpc Send(Note) returns (①Empty) SEND
        }
        """,
        f"① NoteService.Send: returns mistakes.reply_with_an_empty_of_its_own.Empty, {ONLY_CLIENTS_ASK}",
    ),
    mistake(
        "reply_as_a_stream",
        """\
        service NoteService {
          rpc Ask(Note) returns (①stream Answer) RECEIVE
        }
        """,
        f"① NoteService.Ask: {RETURNS_A_STREAM}",
    ),
    mistake(
        "rpc_without_option",
        """\
        service NoteService {
          rpc Send(Note) returns (EMPTY) SEND
          rpc ①Forgotten(Note) returns (EMPTY);
          rpc ②ForgottenToo(Note) returns (EMPTY) {}
        }
        """,
        f"① NoteService.Forgotten: {NO_DIRECTION}",
        f"② NoteService.ForgottenToo: {NO_DIRECTION}",
    ),
    mistake(
        "option_without_direction",
        """\
        service NoteService {
          rpc Send(Note) returns (EMPTY) {
            ①option ❶(pushwire.v1.operation) = {route: "send"};
          }
        }
        """,
        f"① NoteService.Send: {NO_DIRECTION}",
    ),
    mistake(
        "empty_option",
        """\
        service NoteService {
          rpc Send(Note) returns (EMPTY) {
            ①option ❶(pushwire.v1.operation) = {};
          }
        }
        """,
        f"① NoteService.Send: {NO_DIRECTION}",
    ),
    mistake(
        "direction_unspecified",
        """\
        service NoteService {
          rpc Send(Note) returns (EMPTY) {
            ①option (pushwire.v1.operation) = {❶direction: DIRECTION_UNSPECIFIED};
          }
        }
        """,
        f"① NoteService.Send: {NO_DIRECTION}",
    ),
    mistake(
        "direction_unspecified_alone",
        """\
        service NoteService {
          rpc Send(Note) returns (EMPTY) {
            ①option (pushwire.v1.operation).direction = DIRECTION_UNSPECIFIED;
          }
        }
        """,
        f"① NoteService.Send: {NO_DIRECTION}",
    ),
    mistake(
        "direction_unknown",
        """\
        service NoteService {
          rpc Send(Note) returns (EMPTY) {
            ①option (pushwire.v1.operation) = {❶direction: 9};
          }
        }
        """,
        f"① NoteService.Send: {UNKNOWN_DIRECTION}",
    ),
    mistake(
        "format_unknown",
        """\
        service NoteService {
          ①option (pushwire.v1.api) = {❶format: 8};
          rpc Send(Note) returns (EMPTY) {
            ②option (pushwire.v1.operation) = {
              direction: DIRECTION_SERVER_TO_CLIENT
              ❷format: 7
            };
          }
        }
        """,
        f"① NoteService: {UNKNOWN_FORMAT}",
        f"② NoteService.Send: {UNKNOWN_FORMAT}",
    ),
    *[
        mistake(
            f"route_{name}",
            f"""\
            service NoteService {{
              rpc Send(Note) returns (EMPTY) {{
                ①option (pushwire.v1.operation) = {{direction: DIRECTION_SERVER_TO_CLIENT, ❶route: {route}}};
              }}
            }}
            """,
            f"① NoteService.Send: {error}",
        )
        for name, (route, error) in {
            "empty": ('""', "its route is empty; set one, or remove `route` to use the rpc's name"),
            "connect": ('"$connect"', f"its route '$connect' {OWN_ROUTES}"),
            "default": ('"$default"', f"its route '$default' {OWN_ROUTES}"),
            "with_a_dollar": ('"$x"', f"its route '$x' {OWN_ROUTES}"),
            "with_a_dollar_inside": ('"a$b"', f"its route 'a$b' {OTHER_CHARACTERS}"),
            "with_a_space": ('"a b"', f"its route 'a b' {OTHER_CHARACTERS}"),
            "with_non_ascii": ('"grüße"', f"its route 'grüße' {OTHER_CHARACTERS}"),
            "with_a_digit_of_another_script": ('"\u0663"', f"its route '\u0663' {OTHER_CHARACTERS}"),
            "with_a_quote": ('"a\\"b"', f"its route 'a\"b' {OTHER_CHARACTERS}"),
            "with_a_line_feed": ('"ab\\n"', f"its route 'ab\\n' {OTHER_CHARACTERS}"),
            "with_a_control_character": ('"a\\x1bb"', f"its route 'a\\x1bb' {OTHER_CHARACTERS}"),
            "too_long": (f'"{"x" * 129}"', TOO_LONG),
        }.items()
    ],
    mistake(
        "route_by_its_own_option",
        """\
        service NoteService {
          rpc Send(Note) returns (EMPTY) {
            option (pushwire.v1.operation).direction = DIRECTION_SERVER_TO_CLIENT;
            ①option (pushwire.v1.operation).route = "a b";
          }
        }
        """,
        f"① NoteService.Send: its route 'a b' {OTHER_CHARACTERS}",
    ),
    mistake(
        "route_from_a_name_that_is_too_long",
        f"""\
        service NoteService {{
          rpc {LONG_NAME}(Note) returns (EMPTY) {{
            ①option ❶(pushwire.v1.operation) = {{direction: DIRECTION_SERVER_TO_CLIENT}};
          }}
        }}
        """,
        f"① NoteService.{LONG_NAME}: {TOO_LONG}",
    ),
    mistake(
        "route_twice",
        """\
        service NoteService {
          rpc First(Note) returns (EMPTY) {
            ②option (pushwire.v1.operation) = {direction: DIRECTION_SERVER_TO_CLIENT, ❷route: "same"};
          }
          rpc Other(Note) returns (EMPTY) SEND
          rpc Second(Note) returns (EMPTY) {
            ①option (pushwire.v1.operation) = {direction: DIRECTION_CLIENT_TO_SERVER, ❶route: "same"};
          }
        }
        """,
        f"① NoteService.Second: its route 'same' is taken by NoteService.First (line {{line ②}}); {ROUTE_TAKEN}",
    ),
    mistake(
        "route_like_the_name_of_another",
        """\
        service NoteService {
          rpc First(Note) returns (EMPTY) {
            option ②(pushwire.v1.operation) = {direction: DIRECTION_SERVER_TO_CLIENT, route: "Second"};
          }
          rpc Second(Note) returns (EMPTY) {
            ①option ❶(pushwire.v1.operation) = {direction: DIRECTION_SERVER_TO_CLIENT};
          }
        }
        """,
        f"① NoteService.Second: its route 'Second' is taken by NoteService.First (line {{line ②}}); {ROUTE_TAKEN}",
    ),
    mistake(
        "route_three_times",
        """\
        service NoteService {
          rpc ③First(Note) returns (EMPTY) SEND
          rpc Second(Note) returns (EMPTY) {
            ①option (pushwire.v1.operation) = {direction: DIRECTION_CLIENT_TO_SERVER, ❶route: "First"};
          }
          rpc Third(Note) returns (EMPTY) {
            ②option (pushwire.v1.operation) = {direction: DIRECTION_CLIENT_TO_SERVER, ❷route: "First"};
          }
        }
        """,
        f"① NoteService.Second: its route 'First' is taken by NoteService.First (line {{line ③}}); {ROUTE_TAKEN}",
        f"② NoteService.Third: its route 'First' is taken by NoteService.First (line {{line ③}}); {ROUTE_TAKEN}",
    ),
    mistake(
        "one_python_name",
        """\
        service NoteService {
          rpc ③GetUser(Note) returns (EMPTY) SEND
          rpc ①get_user(Note) returns (EMPTY) SEND
          rpc ②Get_User(Note) returns (EMPTY) SEND
        }
        """,
        f"① NoteService.get_user: becomes the Python method get_user, as NoteService.GetUser (line {{line ③}}) does; {RENAME_ONE}",
        f"② NoteService.Get_User: becomes the Python method get_user, as NoteService.GetUser (line {{line ③}}) does; {RENAME_ONE}",
    ),
    mistake(
        "one_python_name_of_a_keyword",
        """\
        service NoteService {
          rpc ②Import(Note) returns (EMPTY) SEND
          rpc ①import(Note) returns (EMPTY) SEND
        }
        """,
        f"① NoteService.import: becomes the Python method import_, as NoteService.Import (line {{line ②}}) does; {RENAME_ONE}",
    ),
    mistake(
        "one_python_name_of_a_hook",
        """\
        service NoteService {
          rpc ②OnConnect(Note) returns (EMPTY) RECEIVE
          rpc ①on_connect(Note) returns (EMPTY) RECEIVE
        }
        """,
        f"① NoteService.on_connect: becomes the Python method on_connect_, as NoteService.OnConnect (line {{line ②}}) does; {RENAME_ONE}",
    ),
    mistake(
        "one_python_name_on_two_sides",
        """\
        service NoteService {
          rpc ②GetUser(Note) returns (EMPTY) RECEIVE
          rpc ①get_user(Note) returns (EMPTY) SEND
        }
        """,
        f"① NoteService.get_user: becomes the Python method get_user, as NoteService.GetUser (line {{line ②}}) does; {RENAME_ONE}",
    ),
    mistake(
        "class_names_that_meet_disconnect",
        """\
        service ②Note1 { rpc Take(Note) returns (EMPTY) RECEIVE }
        service ①Note1Disconnect { rpc Take(Note) returns (EMPTY) RECEIVE }
        """,
        f"① Note1Disconnect: generates the Python class Note1DisconnectRequest, as Note1 (line {{line ②}}) does; {RENAME_ONE}",
    ),
    mistake(
        "leading_underscore",
        """\
        service NoteService {
          rpc ①_Send(Note) returns (EMPTY) SEND
          rpc ②__init__(Note) returns (EMPTY) SEND
          rpc ③_(Note) returns (EMPTY) SEND
        }
        """,
        f"① NoteService._Send: {PRIVATE}",
        f"② NoteService.__init__: {PRIVATE}",
        f"③ NoteService._: {PRIVATE}",
    ),
    mistake(
        "class_names_that_meet",
        """\
        service ②Note1 { rpc Send(Note) returns (EMPTY) SEND }
        service ①Note1Service { rpc Send(Note) returns (EMPTY) SEND }
        """,
        f"① Note1Service: generates the Python class Note1ServerSdk, as Note1 (line {{line ②}}) does; {RENAME_ONE}",
    ),
    mistake(
        "class_names_that_meet_async",
        """\
        service ②Note1 { rpc Send(Note) returns (EMPTY) SEND }
        service ①AsyncNote1 { rpc Send(Note) returns (EMPTY) SEND }
        """,
        f"① AsyncNote1: generates the Python class AsyncNote1ServerSdk, as Note1 (line {{line ②}}) does; {RENAME_ONE}",
    ),
    mistake(
        "class_names_that_meet_connect",
        """\
        service ②Note1Connect { rpc Send(Note) returns (EMPTY) SEND }
        service ①Note1Service { rpc Send(Note) returns (EMPTY) SEND }
        """,
        f"① Note1Service: generates the Python class Note1ConnectRequest, as Note1Connect (line {{line ②}}) does; {RENAME_ONE}",
    ),
    mistake(
        "everything_in_one_rpc",
        """\
        service NoteService {
          rpc Same(Note) returns (EMPTY) SEND
          rpc ①_same(②stream Note) returns (③stream Answer) {
            ⑤⑥⑦option ❼(pushwire.v1.operation) = {❺route: "$x", ❻format: 9};
          }
        }
        """,
        f"① NoteService._same: {PRIVATE}",
        f"② NoteService._same: {TAKES_A_STREAM}",
        f"③ NoteService._same: {RETURNS_A_STREAM}",
        f"⑦ NoteService._same: {NO_DIRECTION}",
        f"⑥ NoteService._same: {UNKNOWN_FORMAT}",
        f"⑤ NoteService._same: its route '$x' {OWN_ROUTES}",
    ),
    mistake(
        "two_services",
        """\
        service PlainService {
          rpc _Ask(stream Note) returns (stream Answer);
        }

        service FirstService {
          rpc ①_Send(Note) returns (EMPTY) SEND
        }

        service SecondService {
          rpc Send(②stream Note) returns (EMPTY) SEND
        }
        """,
        f"① FirstService._Send: {PRIVATE}",
        f"② SecondService.Send: {TAKES_A_STREAM}",
    ),
    wrong_paths(
        "keyword_folder",
        {"class/note.proto": "SERVICE"},
        "class/note.proto:1:1: the Python module class.note_pb2 cannot be imported, because 'class' is a Python keyword; rename that part of its path",
    ),
    wrong_paths(
        "keyword_folder_above",
        {"mistakes/None/inner/note.proto": "SERVICE"},
        "mistakes/None/inner/note.proto:1:1: the Python module mistakes.None.inner.note_pb2 cannot be imported, because 'None' is a Python keyword; rename that part of its path",
    ),
    wrong_paths(
        "keyword_before_a_dot",
        {"mistakes/import.v1.proto": "SERVICE"},
        "mistakes/import.v1.proto:1:1: the Python module mistakes.import.v1_pb2 cannot be imported, because 'import' is a Python keyword; rename that part of its path",
    ),
    wrong_paths(
        "digit_first_in_a_folder",
        {"mistakes/2fa/note.proto": "SERVICE"},
        "mistakes/2fa/note.proto:1:1: the Python module mistakes.2fa.note_pb2 cannot be imported, because '2fa' is not a valid Python name; rename that part of its path",
    ),
    wrong_paths(
        "digit_first_in_a_file",
        {"mistakes/2fa.proto": "SERVICE"},
        "mistakes/2fa.proto:1:1: the Python module mistakes.2fa_pb2 cannot be imported, because '2fa_pb2' is not a valid Python name; rename that part of its path",
    ),
    wrong_paths(
        "space_in_a_path",
        {"mistakes/a b.proto": "SERVICE"},
        "mistakes/a b.proto:1:1: the Python module mistakes.a b_pb2 cannot be imported, because 'a b_pb2' is not a valid Python name; rename that part of its path",
    ),
    wrong_paths(
        "folder_of_pushwire",
        {"pushwire/app/v1/note.proto": "SERVICE"},
        "pushwire/app/v1/note.proto:1:1: the Python module pushwire.app.v1.note_pb2 cannot be imported, because the installed package pushwire hides its folder; rename that part of its path",
    ),
    wrong_paths(
        "normalized_by_python",
        {"mistakes/\ufb01le.proto": "SERVICE"},
        "mistakes/\ufb01le.proto:1:1: the Python module mistakes.\ufb01le_pb2 cannot be imported, because '\ufb01le_pb2' is read as 'file_pb2' by Python; rename that part of its path",
    ),
    wrong_paths(
        "one_module",
        {"mistakes/one-module.proto": "SERVICE", "mistakes/one_module.proto": "SERVICE"},
        f"mistakes/one-module.proto:1:1: becomes the Python module mistakes.one_module_pb2, as mistakes/one_module.proto does; {RENAME_ONE}",
        f"mistakes/one_module.proto:1:1: becomes the Python module mistakes.one_module_pb2, as mistakes/one-module.proto does; {RENAME_ONE}",
    ),
    wrong_paths(
        "one_module_by_a_folder",
        {"mistakes/one/module.proto": "SERVICE", "mistakes/one.module.proto": "SERVICE"},
        f"mistakes/one.module.proto:1:1: becomes the Python module mistakes.one.module_pb2, as mistakes/one/module.proto does; {RENAME_ONE}",
        f"mistakes/one/module.proto:1:1: becomes the Python module mistakes.one.module_pb2, as mistakes/one.module.proto does; {RENAME_ONE}",
    ),
    mistake(
        "client_methods_that_meet",
        """\
        service NoteService {
          rpc ③Ping(Note) returns (EMPTY) SEND
          rpc ①OnPing(Note) returns (EMPTY) {
            option (pushwire.v1.operation) = {direction: DIRECTION_CLIENT_TO_SERVER};
          }
          rpc ②WaitForPing(Note) returns (EMPTY) {
            option (pushwire.v1.operation) = {direction: DIRECTION_BIDIRECTIONAL};
          }
          rpc Listen(Note) returns (EMPTY) SEND
          rpc OnListen(Note) returns (EMPTY) SEND
        }
        """,
        f"① NoteService.OnPing: becomes the method on_ping of clients, as receiving NoteService.Ping (line {{line ③}}) does; {RENAME_ONE}",
        f"② NoteService.WaitForPing: becomes the method wait_for_ping of clients, as receiving NoteService.Ping (line {{line ③}}) does; {RENAME_ONE}",
    ),
    mistake(
        "event_classes_that_meet",
        """\
        service PieceService {
          rpc Ping(Note) returns (EMPTY) SEND
          rpc ②OfCakePing(Note) returns (EMPTY) SEND
        }
        service PieceOfCakeService {
          rpc ①Ping(Note) returns (EMPTY) SEND
        }
        """,
        f"① PieceOfCakeService.Ping: generates the Python class PieceOfCakePingEvent, as PieceService.OfCakePing (line {{line ②}}) does; {RENAME_ONE}",
    ),
    mistake(
        "event_class_that_meets_a_service",
        """\
        service Piece {
          rpc ①Piece(Note) returns (EMPTY) SEND
        }
        service ②PiecePiece {
          rpc Foo(Note) returns (EMPTY) SEND
        }
        """,
        f"① Piece.Piece: generates the Python class PiecePieceEvent, as PiecePiece (line {{line ②}}) does; {RENAME_ONE}",
    ),
    wrong_paths(
        "folder_in_the_way",
        {"mistakes/way.proto": "SERVICE", "mistakes/way_pushwire/note.proto": ""},
        f"mistakes/way.proto:1:1: the folder mistakes/way_pushwire/ of mistakes/way_pushwire/note.proto would hide the generated module mistakes/way_pushwire.py; {RENAME_ONE}",
    ),
    wrong_paths(
        "folder_in_the_way_of_clients",
        {"mistakes/far.proto": "SERVICE", "mistakes/far_pushwire_client/note.proto": ""},
        f"mistakes/far.proto:1:1: the folder mistakes/far_pushwire_client/ of mistakes/far_pushwire_client/note.proto would hide the generated module mistakes/far_pushwire_client.py; {RENAME_ONE}",
    ),
    Mistake(
        "message_of_a_keyword_folder",
        {
            "lambda/message.proto": 'syntax = "proto3";\npackage mistakes.of_a_keyword_folder;\nmessage Far {}\n',
            "mistakes/message_of_a_keyword_folder.proto": contract(
                "mistakes.message_of_a_keyword_folder",
                """\
                import "lambda/message.proto";

                service NoteService {
                  rpc Send(①mistakes.of_a_keyword_folder.Far) returns (EMPTY) SEND
                  rpc Ask(Note) returns (②mistakes.of_a_keyword_folder.Far) RECEIVE
                }
                """,
            ),
        },
        (
            "① NoteService.Send: takes mistakes.of_a_keyword_folder.Far of lambda/message.proto, and the Python module lambda.message_pb2 cannot be imported, because 'lambda' is a Python keyword; rename that part of the file's path",
            "② NoteService.Ask: returns mistakes.of_a_keyword_folder.Far of lambda/message.proto, and the Python module lambda.message_pb2 cannot be imported, because 'lambda' is a Python keyword; rename that part of the file's path",
        ),
    ),
]
