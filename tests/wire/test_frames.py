"""Frames byte for byte, and back: both formats, every kind of field."""

import base64
import inspect
import json
import math
import sys
from typing import Any

import pytest
from google.protobuf import duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from tests.support.compiled import messages
from tests.support.strategies import messages as any_message
from tests.support.strategies import same

from pushwire import Direction, Format, FrameError, Operation
from pushwire.frame import GatewayErrorFrame, decode, encode, read
from pushwire.v1 import frame_pb2

EVERYTHING = messages()["wire.v1.Everything"]
LEAF = messages()["wire.v1.Leaf"]
STRICT = messages()["wire.v1.Strict"]
CROSSED = messages()["wire.v1.Crossed"]


def operation(message_type: type[Message], *, name: str = "SendIt", **options: Any) -> Operation[Any]:
    return Operation(
        service="wire.v1.WireService",
        name=name,
        route=options.pop("route", name),
        direction=Direction.BIDIRECTIONAL,
        message_type=message_type,
        **options,
    )


def test_the_json_envelope_byte_for_byte() -> None:
    greeting = operation(LEAF, name="SendGreeting")
    assert encode(greeting, LEAF(leaf_name="Hello!")) == b'{"route":"SendGreeting","payload":{"leafName":"Hello!"}}'


def test_json_is_compact_and_leaves_utf8_unescaped() -> None:
    frame = encode(operation(LEAF), LEAF(leaf_name='é\u2028"\n😀', count=2**60))
    assert frame == '{"route":"SendIt","payload":{"leafName":"é\u2028\\"\\n😀","count":"1152921504606846976"}}'.encode()


def test_an_empty_message_still_has_its_payload() -> None:
    assert encode(operation(empty_pb2.Empty), empty_pb2.Empty()) == b'{"route":"SendIt","payload":{}}'


def test_defaults_are_absent_unless_the_contract_emits_them() -> None:
    assert encode(operation(LEAF), LEAF()) == b'{"route":"SendIt","payload":{}}'
    # `count` is optional: it has presence, and stays absent.
    assert encode(operation(LEAF, json_emit_defaults=True), LEAF()) == b'{"route":"SendIt","payload":{"leafName":""}}'


def test_a_binary_frame_is_a_serialized_frame_in_base64() -> None:
    frame = encode(operation(LEAF, format=Format.BINARY), LEAF(leaf_name="Hello!"))
    expected = frame_pb2.Frame(route="SendIt", payload=LEAF(leaf_name="Hello!").SerializeToString())
    assert frame == base64.b64encode(expected.SerializeToString())


def test_the_callers_format_overrides_the_contracts() -> None:
    assert encode(operation(LEAF, format=Format.BINARY), LEAF(), Format.JSON).startswith(b"{")
    assert not encode(operation(LEAF), LEAF(), Format.BINARY).startswith(b"{")


@given(message=any_message(EVERYTHING), frame_format=st.sampled_from(Format), emit_defaults=st.booleans())
def test_every_message_survives_the_round_trip_in_both_formats(
    message: Message, frame_format: Format, emit_defaults: bool
) -> None:
    sent = operation(EVERYTHING, format=frame_format, json_emit_defaults=emit_defaults)
    received, decoded = decode(encode(sent, message).decode(), {"SendIt": sent})
    assert received is sent
    assert same(decoded, message)


@pytest.mark.parametrize(
    "message",
    [
        struct_pb2.Value(null_value=struct_pb2.NULL_VALUE),
        struct_pb2.Value(struct_value=struct_pb2.Struct()),
        struct_pb2.Struct(),
        struct_pb2.ListValue(values=[struct_pb2.Value(bool_value=True)]),
        timestamp_pb2.Timestamp(seconds=1),
        wrappers_pb2.StringValue(value="text"),
        wrappers_pb2.Int64Value(value=5),
    ],
    ids=lambda message: message.DESCRIPTOR.name,
)
def test_a_well_known_type_can_be_the_message_itself(message: Message) -> None:
    sent = operation(type(message))
    for frame_format in Format:
        assert decode(encode(sent, message, frame_format).decode(), {"SendIt": sent})[1] == message


def test_a_group_of_proto2_survives_the_round_trip() -> None:
    message: Any = STRICT(name="x")
    message.pair.left = 3
    for frame_format in Format:
        sent = operation(STRICT, format=frame_format)
        assert decode(encode(sent, message).decode(), {"SendIt": sent})[1] == message


def test_a_binary_websocket_message_is_the_bare_frame() -> None:
    sent = operation(LEAF)
    bare = base64.b64decode(encode(sent, LEAF(leaf_name="x"), Format.BINARY))
    assert decode(bare, {"SendIt": sent})[1] == LEAF(leaf_name="x")


def test_white_space_before_the_brace_is_json_all_the_same() -> None:
    assert decode(' \t\r\n{"route":"SendIt"}', {"SendIt": operation(LEAF)})[1] == LEAF()


def test_an_absent_payload_is_the_empty_message() -> None:
    sent = operation(LEAF)
    assert decode('{"route":"SendIt"}', {"SendIt": sent})[1] == LEAF()
    no_payload = base64.b64encode(frame_pb2.Frame(route="SendIt").SerializeToString()).decode()
    assert decode(no_payload, {"SendIt": sent})[1] == LEAF()


def test_unknown_fields_are_ignored_so_that_old_servers_survive_new_clients() -> None:
    frame = '{"route":"SendIt","id":"1","payload":{"leafName":"x","new":{"deep":[1]}}}'
    assert decode(frame, {"SendIt": operation(LEAF)})[1] == LEAF(leaf_name="x")


def test_field_names_of_the_proto_are_accepted_beside_those_of_json() -> None:
    frame = '{"route":"SendIt","payload":{"leaf_name":"x"}}'
    assert decode(frame, {"SendIt": operation(LEAF)})[1] == LEAF(leaf_name="x")


def test_an_unknown_route_is_an_error_that_names_it() -> None:
    with pytest.raises(FrameError, match="no operation") as caught:
        decode('{"route":"Other","payload":{}}', {"SendIt": operation(LEAF)})
    assert caught.value.route == "Other"


@pytest.mark.parametrize("identifier", ["requestId", "messageId"])
def test_an_error_frame_of_api_gateways_is_told_apart_from_messages(identifier: str) -> None:
    frame = f'{{"message": "Forbidden", "connectionId":"XDmENcnwIE0CFEQ=", "{identifier}":"XDmGEE2RoE0FRdQ="}}'
    assert read(frame) == GatewayErrorFrame("Forbidden", "XDmENcnwIE0CFEQ=", "XDmGEE2RoE0FRdQ=")
    with pytest.raises(FrameError, match="error frame of API Gateway"):
        decode(frame, {})


def test_a_message_of_ours_is_never_taken_for_an_error_frame() -> None:
    frame = json.dumps({"route": "SendIt", "message": "x", "connectionId": "y", "requestId": "z"})
    assert decode(frame, {"SendIt": operation(LEAF)})[1] == LEAF()


def test_a_message_that_misses_a_required_field_is_not_sent() -> None:
    for frame_format in Format:
        with pytest.raises(FrameError, match="name"):
            encode(operation(STRICT, format=frame_format), STRICT())


def test_a_message_that_misses_a_required_field_is_not_received() -> None:
    bare = frame_pb2.Frame(route="SendIt").SerializeToString()
    for frame in ('{"route":"SendIt","payload":{"inners":[{}]}}', bare):
        with pytest.raises(FrameError, match="name"):
            decode(frame, {"SendIt": operation(STRICT)})


def test_an_error_names_a_few_of_the_required_fields_that_are_missing() -> None:
    strict: Any = STRICT(inners=[{}] * 5_000)
    in_json = json.dumps({"route": "SendIt", "payload": {"inners": [{}] * 5_000}})
    in_binary = frame_pb2.Frame(route="SendIt", payload=strict.SerializePartialToString()).SerializeToString()
    for frame in (in_json, in_binary):
        with pytest.raises(FrameError, match=r"not set: name, inners\[0\]\.number, inners\[1\]") as caught:
            decode(frame, {"SendIt": operation(STRICT)})
        assert len(str(caught.value)) < 400


def test_a_json_name_that_is_another_fields_own_name_means_the_first() -> None:
    crossed: Any = CROSSED(label="x", owner=LEAF())
    sent = operation(CROSSED, format=Format.JSON)
    frame = encode(sent, crossed)
    assert json.loads(frame)["payload"] == {"owner": "x", "ownerInfo": {}}
    assert decode(frame.decode(), {"SendIt": sent})[1] == crossed


@pytest.mark.parametrize("message_type", [timestamp_pb2.Timestamp, struct_pb2.ListValue, wrappers_pb2.StringValue])
def test_an_object_is_no_well_known_type_that_is_none(message_type: type[Message]) -> None:
    for payload in ("{}", '{"a":1}'):
        with pytest.raises(FrameError):
            decode(f'{{"route":"SendIt","payload":{payload}}}', {"SendIt": operation(message_type)})


def test_what_json_cannot_say_is_an_error_on_the_way_out() -> None:
    everything: Any = EVERYTHING()
    everything.timestamp.seconds = 2**60
    with pytest.raises(FrameError, match="SendIt"):
        encode(operation(EVERYTHING), everything)
    everything = EVERYTHING()
    everything.any.type_url = "type.googleapis.com/no.such.Message"
    with pytest.raises(FrameError, match=r"no\.such\.Message"):
        encode(operation(EVERYTHING), everything)


def test_a_message_nested_too_deeply_for_receivers_is_an_error_on_the_way_out() -> None:
    deep: Any = EVERYTHING()
    inner = deep
    for _ in range(150):
        inner = inner.nested
    inner.a_bool = True
    with pytest.raises(FrameError, match="too deeply"):
        encode(operation(EVERYTHING), deep)


def test_an_enum_name_that_this_side_does_not_know_is_ignored_like_an_unknown_field() -> None:
    frame = '{"route":"SendIt","payload":{"aColour":"COLOUR_MAUVE","aString":"x"}}'
    assert decode(frame, {"SendIt": operation(EVERYTHING)})[1] == EVERYTHING(a_string="x")


@pytest.mark.parametrize(
    "message",
    [
        timestamp_pb2.Timestamp(seconds=253_402_300_800),
        timestamp_pb2.Timestamp(nanos=-1),
        duration_pb2.Duration(seconds=315_576_000_001),
        duration_pb2.Duration(seconds=1, nanos=-1),
        struct_pb2.Value(number_value=math.nan),
        struct_pb2.Value(),
        field_mask_pb2.FieldMask(paths=["a__b"]),
        field_mask_pb2.FieldMask(paths=["aB"]),
    ],
    ids=str,
)
def test_a_well_known_message_without_a_json_form_is_a_frame_error(message: Any) -> None:
    with pytest.raises(FrameError, match="cannot be encoded"):
        encode(operation(type(message)), message)


def test_a_frame_that_is_decoded_near_the_recursion_limit_is_a_frame_error() -> None:
    payload: dict[str, Any] = {}
    for _ in range(90):
        payload = {"value": payload}
    text = json.dumps({"route": "Bare", "payload": payload})
    bare = operation(struct_pb2.Struct, name="Bare")
    outcomes: set[str] = set()

    def deeper(levels: int) -> None:
        if levels:
            deeper(levels - 1)
            return
        try:
            decode(text, {"Bare": bare})
            outcomes.add("decoded")
        except FrameError:
            outcomes.add("refused")

    depth = sys.getrecursionlimit() - len(inspect.stack()) - 10
    for free in (400, 200, 150, 100, 80, 60, 40):
        deeper(max(0, depth - free))
    assert outcomes <= {"decoded", "refused"}
    assert "refused" in outcomes
