"""A message that cannot be decoded, or has no handler, is logged and answered with API Gateway's error texts."""

import base64
import contextlib
import copy
import itertools
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushwire import ConnectionGoneError, FrameError
from pushwire.aws_lambda import AnyRequest, CallNext, EventError, Request
from pushwire.frame import KEEPALIVE, MAX_FRAME_SIZE
from pushwire.testing import RecordingTransport
from pushwire.v1.frame_pb2 import Frame
from tests.aws_lambda.contract.desk_pushwire import DeskRouter, DeskServerSdk
from tests.aws_lambda.world import (
    CAPTURED_CONNECT,
    CAPTURED_DISCONNECT,
    CAPTURED_MESSAGE,
    CONNECTION_ID,
    FORMS,
    OK,
    REQUEST_ID,
    Desk,
    Event,
    OpenDesk,
    by_class,
    captured,
    error_frame,
    saying,
)

BAD = [
    *("", " ", "{", "hello", "null", "5", "[]", '"say"', "{}", '{"route":5}', '{"route":""}', '{"route":null}'),
    *('{"route":"say","payload":null}', '{"route":"say","payload":[]}', '{"route":"say","payload":"x"}'),
    *('{"route":"say","payload":{"text":5}}', '{"route":"say","payload":{"text":["x"]}}'),
    *('{"route":"say","payload":{"text":"a"},"payload":{"text":"b"}}', '{"route":"say","route":"Enter"}'),
    *('{"route":"say","payload":{"text":"\\ud800"}}', '{"route":"say","payload":NaN}', "\ufeff{}", "\x00"),
    *('{"route":"Enter","payload":{"badge":1.5}}', '{"route":"Enter","payload":{"badge":9223372036854775808}}'),
    *('{"route":"Enter","payload":{"staff":1}}', '{"route":"Enter","payload":{"staff":"true"}}'),
    *('{"route":"Enter","payload":{"place":[]}}', '{"route":"Enter","payload":{"place":{"inside":"x"}}}'),
    *('{"route":"Enter","payload":{"tags":"x"}}', '{"route":"Enter","payload":{"tags":[null]}}'),
    *('{"route":"Enter","payload":{"arrivedAt":"yesterday"}}', '{"route":"Enter","payload":{"arrivedAt":{}}}'),
    '{"route":"Enter","payload":{"arrivedAt":"9999-99-99T00:00:00Z"}}',
    '{"route":"Enter","payload":{"mood":"\\ud800"}}',
    '{"route":"Enter","payload":{"place":{"room":"\\udfff"}}}',
    '{"route":"Enter","payload":{"badge":' + "9" * 5000 + "}}",
    '{"route":"Enter","payload":{"name":"a","name":"b"}}',
    '{"route":"Enter","payload":' + '{"place":' * 12_000 + "{}" + "}" * 12_000 + "}",
    "[" * 60_000,
    '{"message": "Forbidden", "connectionId":"a=", "requestId":"b="}',
    '{"route":"say","payload":{"text":"' + "x" * MAX_FRAME_SIZE + '"}}',
    "A" * MAX_FRAME_SIZE,
    *("AAAA", "A===", "Zm9v\n", "CgNzYXk", "CgNzYXk-", "é" * 50),
    base64.b64encode(b"\xff" * 1000).decode(),
    base64.b64encode(Frame(route="say", payload=b"\xff\xff").SerializeToString()).decode(),
    base64.b64encode(Frame(payload=b"\x0a\x01a").SerializeToString()).decode(),
]
UNKNOWN = [
    '{"route":"Nobody"}',
    '{"route":"Greet","payload":{"text":"servers send this"}}',
    '{"route":"$connect"}',
    '{"route":"__class__","payload":{}}',
    '{"route":"' + "r" * 1000 + '"}',
    '{"route":"line\\nbreak"}',
    base64.b64encode(Frame(route="Nobody").SerializeToString()).decode(),
]


@pytest.mark.parametrize("keepalive", [KEEPALIVE, b'{"route": "$keepalive"}', b'{\n  "route": "$keepalive"\n}'])
def test_a_keepalive_is_taken_without_a_word(
    form: Any, keepalive: bytes, pushwire_transport: RecordingTransport, caplog: pytest.LogCaptureFixture
) -> None:
    desk = OpenDesk()
    with caplog.at_level(logging.DEBUG, "pushwire"):
        assert form(desk, pushwire_transport)(saying(keepalive.decode(), route_key="$default"), None) == OK
        in_base64 = {**saying(base64.b64encode(keepalive).decode(), route_key="$default"), "isBase64Encoded": True}
        assert form(desk, pushwire_transport)(in_base64, None) == OK
    assert (desk.calls, pushwire_transport.posts, caplog.records) == ([], [], [])


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
def test_a_body_that_does_not_decode(form: Any, pushwire_transport: RecordingTransport, body: str) -> None:
    desk = OpenDesk()
    assert form(desk, pushwire_transport)(saying(body, route_key="$default"), None) == OK
    assert desk.calls == []
    assert [post.data for post in pushwire_transport.posts] == [error_frame("Bad request body")]


@pytest.mark.parametrize("body", UNKNOWN, ids=range(len(UNKNOWN)))
def test_a_route_without_a_handler(form: Any, pushwire_transport: RecordingTransport, body: str) -> None:
    desk = Desk()
    assert form(desk, pushwire_transport)(saying(body, route_key="$default"), None) == OK
    assert desk.calls == []
    assert [post.data for post in pushwire_transport.posts] == [error_frame("Forbidden")]


@pytest.mark.parametrize("body", ['{"route":"Enter","payload":{}}', '{"route":"Nobody"}', '{"payload":{}}'])
def test_where_api_gateway_chose_a_route_the_frame_has_to_name_it_too(
    pushwire_transport: RecordingTransport, body: str
) -> None:
    desk = OpenDesk()
    assert by_class(desk, pushwire_transport)(saying(body, route_key="say"), None) == OK
    assert desk.calls == []
    assert pushwire_transport.posts[0].data == error_frame("Bad request body")


@pytest.mark.parametrize(
    "changes",
    [
        {"body": None},
        {"body": 5},
        {"body": {"route": "say"}},
        {"isBase64Encoded": True},
        {"isBase64Encoded": True, "body": "AAA"},
        {"isBase64Encoded": True, "body": ""},
        {"isBase64Encoded": True, "body": "é"},
        {"isBase64Encoded": True, "body": "A" * 400_000},
        {"isBase64Encoded": True, "body": base64.b64encode(b"\xff\xfe{}").decode()},
        {"isBase64Encoded": True, "body": base64.b64encode(b'{"route":"say","payload":5}').decode()},
    ],
    ids=range(10),
)
def test_a_body_of_another_kind(pushwire_transport: RecordingTransport, changes: Event) -> None:
    desk = OpenDesk()
    assert by_class(desk, pushwire_transport)(captured(CAPTURED_MESSAGE, **changes), None) == OK
    assert desk.calls == []
    assert pushwire_transport.posts[0].data == error_frame("Bad request body")


def test_an_event_without_a_body_and_without_a_request_id(pushwire_transport: RecordingTransport) -> None:
    event = captured(CAPTURED_MESSAGE)
    del event["body"], event["requestContext"]["requestId"]
    assert by_class(Desk(), pushwire_transport)(event, None) == OK
    (post,) = pushwire_transport.posts
    assert post.data == error_frame("Bad request body").replace(REQUEST_ID.encode(), b"")


def test_ids_cannot_break_the_frame(pushwire_transport: RecordingTransport) -> None:
    event = captured(CAPTURED_MESSAGE, body="", context={"connectionId": 'a"b\\', "requestId": '","x":"'})
    assert by_class(Desk(), pushwire_transport)(event, None) == OK
    sent = json.loads(pushwire_transport.posts[0].data)
    assert sent == {
        "message": "Bad request body",
        "connectionId": 'a"b\\',
        "requestId": '","x":"',
        "code": "invalid_argument",
    }


def test_the_log_has_the_refusal_without_the_content(
    pushwire_transport: RecordingTransport, caplog: pytest.LogCaptureFixture
) -> None:
    router = by_class(Desk(), pushwire_transport)
    with caplog.at_level(logging.INFO, logger="pushwire"):
        router(saying('{"route":"Enter","payload":{"badge":"s3cret"}}', route_key="Enter"), None)
        router(saying('{"route":"s3cret"}', route_key="$default"), None)
    first, second = caplog.records
    assert first.levelname == second.levelname == "WARNING"
    wrong, unknown = "badge: expected a 64-bit integer, got a string", "no operation has the route of the frame"
    enter = "desk.v1.DeskService.Enter"
    assert first.getMessage() == (
        f"{enter}: message refused: Bad request body: the payload is not a desk.v1.Visitor: {wrong} "
        f"(connection {CONNECTION_ID})"
    )
    assert second.getMessage() == f"$default: message refused: Forbidden: {unknown} (connection {CONNECTION_ID})"
    names = ("operation", "route", "connection_id", "answer", "reason")
    assert [vars(second)[name] for name in names] == [None, "$default", CONNECTION_ID, "Forbidden", unknown]
    assert [vars(first)[name] for name in names[:4]] == [enter, "Enter", CONNECTION_ID, "Bad request body"]
    assert vars(first)["reason"].endswith(wrong)
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("failure", [ConnectionGoneError("410"), FrameError("never"), OSError("down"), ValueError("?")])
def test_an_error_frame_that_cannot_be_sent_is_only_logged(
    caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    class Broken(RecordingTransport):
        def post(self, _connection_id: str, _data: bytes, /) -> None:
            raise failure

    assert by_class(Desk(), Broken())(saying(""), None) == OK
    assert f"the error frame 'Bad request body' did not reach connection {CONNECTION_ID}" in caplog.text


def test_a_client_that_has_gone_is_forgotten_then_too() -> None:
    gone: list[str] = []
    transport = RecordingTransport(failures={CONNECTION_ID: ConnectionGoneError()})
    sdk = DeskServerSdk(transport=transport, on_gone=gone.append)
    assert DeskRouter(Desk(), sdk=lambda _url: sdk)(saying(""), None) == OK
    assert gone == [CONNECTION_ID]


def test_interceptors_see_a_refusal_and_may_answer_it_themselves(pushwire_transport: RecordingTransport) -> None:
    refusals: list[tuple[str, str]] = []

    def count(request: AnyRequest, call_next: CallNext, /) -> None:
        assert isinstance(request, Request)
        assert request.message is None
        refusals.append((request.route, request.refusal.reason if request.refusal else "none"))
        if request.event.body != "ping!":
            call_next(request)

    router = by_class(Desk(), pushwire_transport, [count])
    for body in ("ping!", '{"route":"say","payload":5}', '{"route":"Nobody"}'):
        assert router(saying(body, route_key="$default"), None) == OK
    assert [route for route, _ in refusals] == ["$default", "say", "$default"]
    assert "base64" in refusals[0][1]
    assert "expected an object" in refusals[1][1]
    assert "no operation" in refusals[2][1]
    assert [post.data for post in pushwire_transport.posts] == [
        error_frame("Bad request body"),
        error_frame("Forbidden"),
    ]


# --- hostile variants of the three captured events: a defined answer each ---

JUNK: list[Any] = [None, True, 0, -1, 1e300, "", "$connect", "x" * 1000, [], [1], {}, {"a": None}]


def paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, child in value.items():
        yield (*path, key)
        if isinstance(child, dict):
            yield from paths(child, (*path, key))


def without(event: Event, path: tuple[str, ...]) -> Event:
    made = copy.deepcopy(event)
    holder: Any = made
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return made


def replaced(event: Event, path: tuple[str, ...], junk: Any) -> Event:
    made = copy.deepcopy(event)
    holder: Any = made
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = junk
    return made


CAPTURES = {"connect": CAPTURED_CONNECT, "message": CAPTURED_MESSAGE, "disconnect": CAPTURED_DISCONNECT}
MISSING = [
    pytest.param(without(event, path), id=f"{name} without {'.'.join(path)}")
    for name, event in CAPTURES.items()
    for path in paths(event)
]
WRONG = [
    pytest.param(replaced(event, path, junk), id=f"{name} {'.'.join(path)} {type(junk).__name__} {index}")
    for name, event in CAPTURES.items()
    for path in paths(event)
    for index, junk in enumerate(JUNK)
]


class CuriousDesk(OpenDesk):
    """Handlers that read every property of their events."""

    def _called(self, name: str, request: Any, seen: object) -> Any:
        super()._called(name, request, seen)
        for attribute in dir(type(request.event)):
            if not attribute.startswith("_"):
                with contextlib.suppress(EventError):
                    getattr(request.event, attribute)


def answered(router: DeskRouter, transport: RecordingTransport, event: Event) -> None:
    """Check that an event gets one of the defined answers."""
    try:
        result = router(event, None)
    except EventError:
        assert transport.posts == []
        return
    assert result in (OK, {"statusCode": 500})
    json.dumps(result)
    for post in transport.posts:
        sent = json.loads(post.data)
        assert set(sent) == {"message", "connectionId", "requestId", "code"}
        assert (sent["message"], sent["code"]) in {
            ("Bad request body", "invalid_argument"),
            ("Forbidden", "unimplemented"),
        }


def test_there_are_more_than_enough_variants() -> None:
    assert len(MISSING) + len(WRONG) + len(BAD) + len(UNKNOWN) > 200


@pytest.mark.parametrize("event", MISSING)
def test_any_key_of_an_event_may_be_missing(form: Any, pushwire_transport: RecordingTransport, event: Event) -> None:
    answered(form(CuriousDesk(), pushwire_transport), pushwire_transport, event)


@pytest.mark.parametrize("make", FORMS)
def test_any_key_of_an_event_may_have_a_wrong_type(make: Any) -> None:
    for parameters in WRONG:
        transport = RecordingTransport()
        (event,) = parameters.values
        assert isinstance(event, dict)
        answered(make(CuriousDesk(), transport), transport, event)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_BODIES = st.one_of(
    st.text(max_size=100),
    st.binary(max_size=100).map(lambda data: base64.b64encode(data).decode()),
    _JSON.map(json.dumps),
    st.fixed_dictionaries({"route": st.sampled_from(["say", "Enter", "Leave", "x"]), "payload": _JSON}).map(json.dumps),
    st.fixed_dictionaries(
        {
            "route": st.just("Enter"),
            "payload": st.dictionaries(
                st.sampled_from(["name", "badge", "staff", "place", "tags", "arrivedAt", "nickname", "mood"]), _JSON
            ),
        }
    ).map(json.dumps),
)


@given(
    body=_BODIES | _JSON, is_base64=st.booleans() | _JSON, route_key=st.sampled_from(["say", "$default", "x"]) | _JSON
)
def test_any_body_gets_a_defined_answer(body: Any, is_base64: Any, route_key: Any) -> None:
    for make in FORMS:
        transport = RecordingTransport()
        event = captured(CAPTURED_MESSAGE, body=body, isBase64Encoded=is_base64, context={"routeKey": route_key})
        answered(make(CuriousDesk(), transport), transport, event)


@given(
    event=_JSON
    | st.fixed_dictionaries(
        {
            "requestContext": st.dictionaries(
                st.sampled_from(["connectionId", "eventType", "routeKey", "stage", "apiId"]),
                _JSON | st.sampled_from(["CONNECT", "MESSAGE", "DISCONNECT", "$connect"]),
            )
        }
    )
)
def test_any_event_gets_a_defined_answer(event: Any) -> None:
    transport = RecordingTransport()
    answered(by_class(CuriousDesk(), transport), transport, event)


def test_each_form_gives_the_same_answer() -> None:
    for body, route_key in itertools.product([*BAD, *UNKNOWN], ["say", "$default"]):
        made = []
        for make in FORMS:
            transport = RecordingTransport()
            made.append((make(Desk(), transport)(saying(body, route_key=route_key), None), transport.posts))
        assert made == [made[0]] * len(FORMS)


@pytest.mark.parametrize(("extra", "calls"), [(0, 1), (1, 0)], ids=["the largest frame", "one byte more"])
def test_a_frame_in_base64_has_the_same_limit(extra: int, calls: int, pushwire_transport: RecordingTransport) -> None:
    empty = '{"route":"say","payload":{"text":""}}'
    text = "x" * (MAX_FRAME_SIZE - len(empty) + extra)
    body = base64.b64encode(empty.replace('""', f'"{text}"').encode()).decode()
    desk = Desk()
    event = captured(CAPTURED_MESSAGE, isBase64Encoded=True, body=body)
    assert by_class(desk, pushwire_transport)(event, None) == OK
    assert len(desk.calls) == calls
