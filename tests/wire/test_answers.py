"""Ids and answers on the wire, in both formats; and frames of one-way messages, which have neither."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.compiled import messages

from pushwire import (
    Code,
    Direction,
    Format,
    FrameError,
    Operation,
    OperationError,
    RemoteOperationError,
    RequestOperation,
)
from pushwire.frame import MAX_FRAME_SIZE, Envelope, GatewayErrorFrame, decode, encode, encode_answer, read
from pushwire.v1.frame_pb2 import Frame

LEAF: Any = messages()["wire.v1.Leaf"]
STRICT: Any = messages()["wire.v1.Strict"]
FIND: RequestOperation[Any, Any] = RequestOperation(
    service="wire.v1.WireService",
    name="Find",
    route="Find",
    direction=Direction.CLIENT_TO_SERVER,
    message_type=LEAF,
    reply_type=STRICT,
)


def envelope(frame: bytes | str) -> Envelope:
    found = read(frame.decode() if isinstance(frame, bytes) else frame)
    assert isinstance(found, Envelope)
    return found


def received(frame: bytes | str) -> RemoteOperationError:
    """Return the error in an answer."""
    error = envelope(frame).error
    assert isinstance(error, RemoteOperationError)
    return error


def binary(**fields: Any) -> str:
    return base64.b64encode(Frame(**fields).SerializeToString()).decode()


def test_a_request_byte_for_byte() -> None:
    assert encode(FIND, LEAF(leaf_name="x"), id="7") == b'{"route":"Find","id":"7","payload":{"leafName":"x"}}'
    payload = LEAF(leaf_name="x").SerializeToString()
    assert encode(FIND, LEAF(leaf_name="x"), Format.BINARY, id="7").decode() == binary(
        route="Find", payload=payload, id="7"
    )


def test_answers_byte_for_byte() -> None:
    request = envelope(encode(FIND, LEAF(), id='a"b'))
    error = OperationError(Code.NOT_FOUND, "no “such” book")
    assert encode(FIND.reply, STRICT(name="x"), reply_to="7") == (
        b'{"route":"Find","reply_to":"7","payload":{"name":"x"}}'
    )
    assert encode_answer(request) == rb'{"route":"Find","reply_to":"a\"b"}'
    assert encode_answer(request, error) == (
        rb'{"route":"Find","reply_to":"a\"b","error":{"code":"not_found","message":"no \u201csuch\u201d book"}}'
    )


def test_the_numbers_of_the_fields_are_fixed() -> None:
    numbers = {field.name: field.number for field in Frame.DESCRIPTOR.fields}
    assert numbers == {"route": 1, "payload": 2, "id": 3, "reply_to": 4, "error": 5}
    numbers = {field.name: field.number for field in Frame.Error.DESCRIPTOR.fields}
    assert numbers == {"code": 1, "message": 2}


@given(
    name=st.text(),
    request_id=st.text(min_size=1, max_size=64),
    text=st.text(),
    code=st.sampled_from(Code),
    frame_format=st.sampled_from(Format),
)
def test_ids_replies_and_errors_survive_the_round_trip(
    name: str, request_id: str, text: str, code: Code, frame_format: Format
) -> None:
    request = envelope(encode(FIND, LEAF(leaf_name=name), frame_format, id=request_id))
    assert (request.id, request.reply_to, request.error, request.format) == (request_id, None, None, frame_format)
    assert request.message(FIND) == LEAF(leaf_name=name)

    reply = envelope(encode(FIND.reply, STRICT(name=name), frame_format, reply_to=request_id))
    assert (reply.route, reply.id, reply.reply_to, reply.error) == ("Find", None, request_id, None)
    assert reply.message(FIND.reply) == STRICT(name=name)

    confirmation = envelope(encode_answer(request))
    assert (confirmation.reply_to, confirmation.error, confirmation.format) == (request_id, None, frame_format)

    refused = encode_answer(request, OperationError(code, text))
    assert envelope(refused).reply_to == request_id
    assert (received(refused).code, received(refused).message) == (code, text)


def test_the_text_of_an_error_is_bounded_so_that_its_frame_can_be_sent() -> None:
    for frame_format in Format:
        request = envelope(encode(FIND, LEAF(), frame_format, id="7"))
        answer = encode_answer(request, OperationError(Code.INTERNAL, "\ud800" + "é" * 500_000))
        assert len(received(answer).message) == 2_001


@pytest.mark.parametrize("frame_format", Format)
def test_an_answer_repeats_a_route_of_at_most_128_characters(frame_format: Format) -> None:
    for length, repeated in ((128, 128), (129, 128), (20_000, 128)):
        request = Envelope("😀" * length, None, frame_format, id="7")
        for error in (None, OperationError(Code.UNIMPLEMENTED, "😀" * 2_000)):
            answer = encode_answer(request, error)
            assert envelope(answer)[0::4] == ("😀" * repeated, "7")
            assert len(answer) < MAX_FRAME_SIZE


@pytest.mark.parametrize("frame_format", Format)
def test_a_frame_may_have_both_ids(frame_format: Format) -> None:
    found = envelope(encode(FIND, LEAF(), frame_format, id="7", reply_to="8"))
    assert (found.id, found.reply_to) == ("7", "8")


@pytest.mark.parametrize("rest", ["", ',"payload":{}', ',"new":1', ',"payload":{},"new":{"deep":[1]}'])
def test_a_frame_without_an_id_wants_no_answer(rest: str) -> None:
    found = envelope(f'{{"route":"Find"{rest}}}')
    assert (found.id, found.reply_to, found.error) == (None, None, None)
    assert found.message(FIND) == LEAF()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"id": 5}, '"id" is not a non-empty string'),
        ({"id": None}, '"id" is not a non-empty string'),
        ({"id": ""}, '"id" is not a non-empty string'),
        ({"id": ["x"]}, '"id" is not a non-empty string'),
        ({"id": "x" * 65}, '"id" has 65 characters, and at most 64 are allowed'),
        ({"reply_to": 5}, '"reply_to" is not a non-empty string'),
        ({"reply_to": "x" * 100_000}, '"reply_to" has 100,000 characters'),
        ({"id": "x", "reply_to": {}}, '"reply_to" is not a non-empty string'),
        ({"id": None, "reply_to": "x"}, '"id" is not a non-empty string'),
        ({"id": "x", "error": None}, '"error" is not an object'),
        ({"reply_to": "x", "error": "internal"}, '"error" is not an object'),
        ({"reply_to": "x", "error": None}, '"error" is not an object'),
        ({"reply_to": "x", "error": {"code": 13}}, '"error" is not an object with the strings'),
        ({"reply_to": "x", "error": {"code": "internal", "message": []}}, '"error" is not an object with the strings'),
    ],
)
def test_a_malformed_id_or_answer_is_a_frame_error_and_the_other_id_is_read(keys: dict[str, Any], said: str) -> None:
    frame = json.dumps({"route": "Find", "payload": {}, **keys})
    with pytest.raises(FrameError) as caught:
        decode(frame, {"Find": FIND})
    assert said in str(caught.value)
    assert caught.value.route == "Find"
    found = envelope(frame)
    assert isinstance(found.error, FrameError)
    assert (found.id, found.reply_to) == tuple("x" if keys.get(key) == "x" else None for key in ("id", "reply_to"))


@pytest.mark.parametrize("key", ["id", "reply_to"])
def test_an_id_in_a_binary_frame_is_bounded_too(key: str) -> None:
    with pytest.raises(FrameError, match="has 65 characters"):
        decode(binary(route="Find", **{key: "x" * 65}), {"Find": FIND})
    other = "reply_to" if key == "id" else "id"
    found = envelope(binary(route="Find", **{key: "x" * 65, other: "7"}))
    assert (isinstance(found.error, FrameError), {found.id, found.reply_to}) == (True, {None, "7"})
    assert envelope(binary(route="Find", **{key: "é" * 64})) is not None


@pytest.mark.parametrize("error", [{}, {"code": ""}, {"code": "teapot"}, {"code": "NOT_FOUND"}])
def test_a_code_that_is_not_known_is_unknown(error: dict[str, str]) -> None:
    in_json = json.dumps({"route": "Find", "reply_to": "7", "error": {**error, "message": "why"}})
    in_binary = binary(route="Find", reply_to="7", error=Frame.Error(code=error.get("code", ""), message="why"))
    for frame in (in_json, in_binary):
        assert (received(frame).code, received(frame).message) == (Code.UNKNOWN, "why")


def test_an_error_frame_may_have_a_code() -> None:
    frame = '{"message": "Full", "connectionId":"a=", "requestId":"b=", "code":"resource_exhausted"}'
    assert read(frame) == GatewayErrorFrame("Full", "a=", "b=", Code.RESOURCE_EXHAUSTED)
    assert read(frame.replace('"resource_exhausted"', "7")) == GatewayErrorFrame("Full", "a=", "b=")


def test_an_operation_knows_its_reply() -> None:
    assert FIND.reply == Operation("wire.v1.WireService", "Find", "Find", Direction.SERVER_TO_CLIENT, STRICT)
    assert decode(encode(FIND.reply, STRICT(name="x")).decode(), {"Find": FIND.reply})[1] == STRICT(name="x")


def test_a_code_must_be_a_code() -> None:
    wrong: Any = "not_found"
    with pytest.raises(TypeError, match=r"must be a pushwire\.Code, such as Code\.NOT_FOUND, not 'not_found'"):
        OperationError(wrong)
    with pytest.raises(TypeError, match="must be a string"):
        OperationError(Code.INTERNAL, ValueError())  # type: ignore[arg-type]


def test_the_codes_have_the_spelling_of_connect() -> None:
    assert [code.value for code in Code] == [
        *("canceled", "unknown", "invalid_argument", "deadline_exceeded", "not_found", "already_exists"),
        *("permission_denied", "resource_exhausted", "failed_precondition", "aborted", "out_of_range"),
        *("unimplemented", "internal", "unavailable", "data_loss", "unauthenticated"),
    ]
