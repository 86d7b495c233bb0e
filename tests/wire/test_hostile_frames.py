"""Decoding any frame ends in a message or a FrameError, in bounded time and memory."""

import base64
import contextlib
import json
import tracemalloc
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.compiled import messages
from tests.support.strategies import messages as any_message

from pushwire import Direction, Format, FrameError, Operation
from pushwire.frame import decode, encode
from pushwire.v1 import frame_pb2

EVERYTHING = messages()["wire.v1.Everything"]
OPERATION: Operation[Any] = Operation(
    service="wire.v1.WireService",
    name="SendIt",
    route="SendIt",
    direction=Direction.BIDIRECTIONAL,
    message_type=EVERYTHING,
)
OPERATIONS = {"SendIt": OPERATION}


def json_frame(payload: str) -> str:
    return f'{{"route":"SendIt","payload":{payload}}}'


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ("", "empty"),
        (b"", "empty"),
        ("{", "line 1 column 2"),
        ('{"route":"SendIt","payload":{"aString":"x', "line 1 column"),
        ("{}", 'no "route"'),
        ('{"route":null}', '"route" is not'),
        ('{"route":""}', '"route" is not'),
        ('{"route":7,"payload":{}}', '"route" is not'),
        ('{"route":"SendIt"} trailing', "line 1 column 20"),
        ('{"message":"Forbidden"}', 'no "route"'),
        (json_frame("null"), "expected an object, got null"),
        (json_frame('"text"'), "expected an object, got a string"),
        (json_frame("[]"), "expected an object, got an array"),
        (json_frame("5"), "expected an object, got a number"),
        (json_frame("true"), "expected an object, got a boolean"),
        (json_frame('{"aString":5}'), "aString"),
        (json_frame('{"anInt32":"x"}'), "anInt32"),
        (json_frame('{"anInt32":1.5}'), "anInt32"),
        (json_frame('{"anInt32":2147483648}'), "anInt32"),
        (json_frame('{"aBool":"true"}'), "aBool"),
        (json_frame('{"someBytes":"A"}'), "someBytes"),
        (json_frame('{"someBytes":5}'), "someBytes"),
        (json_frame('{"aColour":{}}'), "aColour"),
        (json_frame('{"nested":{"nested":{"anInt32":"x"}}}'), "nested.nested.anInt32: "),
        (json_frame('{"aLeaf":"text"}'), "aLeaf: expected an object, got a string"),
        (json_frame('{"aLeaf":[]}'), "aLeaf: expected an object, got an array"),
        (json_frame('{"a_leaf":7}'), "a_leaf"),
        (json_frame('{"leaves":["x"]}'), "leaves[0]: expected an object, got a string"),
        (json_frame('{"leaves":[{},null]}'), "leaves"),
        (json_frame('{"leaves":{}}'), "leaves"),
        (json_frame('{"leavesByNumber":{"1":"x"}}'), "leavesByNumber[1]: expected an object"),
        (json_frame('{"leavesByNumber":{"x":{}}}'), "leavesByNumber"),
        (json_frame('{"nested":{"nested":{"aLeaf":"x"}}}'), "nested.nested.aLeaf: expected an object"),
        (json_frame('{"timestamp":"yesterday"}'), "timestamp"),
        (json_frame('{"timestamp":{}}'), "timestamp"),
        (json_frame('{"any":{"@type":"type.googleapis.com/no.such.Message"}}'), "any"),
        (json_frame('{"any":[]}'), "payload"),
        (json_frame('{"any":{"@type":5}}'), "payload"),
        (json_frame('{"any":{"@type":"type.googleapis.com/google.protobuf.Value"}}'), "payload"),
        (json_frame('{"chosenText":"a","chosenNumber":"1"}'), "oneof"),
        (json_frame('{"aString":"\\ud800"}'), "aString"),
        (json_frame('{"aDouble":NaN}'), "NaN"),
        (json_frame('{"aDouble":-Infinity}'), "Infinity"),
        (json_frame('{"aDouble":1e400}'), "aDouble"),
        (json_frame('{"aString":"x","aString":"y"}'), "twice"),
        ('{"route":"SendIt","route":"SendIt"}', "twice"),
        (json_frame(f'{{"anInt64":{"9" * 5_000}}}'), "digits"),
        (json_frame(f'{{"aDouble":{"9" * 4_000}}}'), "payload"),
        (json_frame("[" * 20_000 + "]" * 20_000), "the JSON is nested too deeply"),
        (json_frame('{"nested":' * 5_000 + "{}" + "}" * 5_000), "the JSON is nested too deeply"),
        (json_frame('{"unknown":' + "[" * 249 + "]" * 249 + "}"), "the JSON is nested too deeply"),
        (json_frame('{"nested":' * 150 + "{}" + "}" * 150), "nested too deeply"),
        (json_frame('{"value":' + "[" * 2_000 + "]" * 2_000 + "}"), "the JSON is nested too deeply"),
        (json_frame('{"value":' + "[" * 400 + "]" * 400 + "}"), "the JSON is nested too deeply"),
        ("hello", "neither JSON"),
        ("[1]", "neither JSON"),
        ("null", "not a serialized"),
        ("é", "neither JSON"),
        ("\ud800", "neither JSON"),
        ("Cg==\n", "neither JSON"),
        (" Cg==", "neither JSON"),
        ("Cg=", "neither JSON"),
        ("Cg", "neither JSON"),
        ("ChR=", "canonical"),
        ("-_==", "neither JSON"),
        (base64.b64encode(b"\xff\xff").decode(), "not a serialized"),
        (base64.b64encode(frame_pb2.Frame(payload=b"x").SerializeToString()).decode(), "no route"),
        (base64.b64encode(frame_pb2.Frame(route="SendIt", payload=b"\xff").SerializeToString()).decode(), "payload"),
        (b"\x0a\x02\xff\xfe", "not a serialized"),
        (b"{}", "not a serialized"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_malformed_frame_is_a_frame_error_that_says_what_and_where(frame: str | bytes, said: str) -> None:
    with pytest.raises(FrameError) as caught:
        decode(frame, OPERATIONS)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 500


def test_brackets_count_as_depth_only_where_they_open_an_array_or_object() -> None:
    flat = '{"aString":"' + "[{" * 10_000 + '\\"[","unknown":[' + "[]," * 1_000 + "{}]}"
    _, message = decode(json_frame(flat), OPERATIONS)
    assert message == EVERYTHING(a_string="[{" * 10_000 + '"[')
    _, message = decode(json_frame('{"unknown":' + "[" * 248 + "]" * 248 + "}"), OPERATIONS)
    assert message == EVERYTHING()


class Unread(str):
    """A text that may be asked for its length only."""

    def __getitem__(self, index: object) -> str:
        raise AssertionError("the frame was read")

    count = lstrip = startswith = encode = __iter__ = __getitem__  # type: ignore[assignment]


@pytest.mark.parametrize("unit", ["x", "A", "{", " ", "[", '{"a":', "\ud800", "é"])
@pytest.mark.parametrize("size", [131_073, 10_000_000])
def test_a_frame_that_is_too_large_is_refused_unread(unit: str, size: int) -> None:
    frame = Unread(unit * (size // len(unit) + 1))
    tracemalloc.start()
    with pytest.raises(FrameError, match="larger than 131,072"):
        decode(frame, OPERATIONS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000  # no copy was made of it


@pytest.mark.parametrize(
    "frame",
    [
        json_frame("[" * 65_000 + "]" * 65_000),
        json_frame("{" + ",".join(f'"k{number}":0' for number in range(11_000)) + "}"),
        json_frame('{"numbers":[' + "1," * 65_000 + "1]}"),
        json_frame(f'{{"anInt64":{"9" * 131_000}}}'),
        "A" * 131_072,
    ],
    ids=["deep", "many keys", "many numbers", "one long number", "zeros"],
)
def test_the_largest_frames_take_bounded_memory(frame: str) -> None:
    assert len(frame) <= 131_072
    tracemalloc.start()
    with contextlib.suppress(FrameError):
        decode(frame, OPERATIONS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 1024 * 1024


def decode_or_refuse(frame: str | bytes) -> None:
    with contextlib.suppress(FrameError):
        operation, message = decode(frame, OPERATIONS)
        # What was let through can be sent on.
        encode(operation, message, Format.BINARY)


@given(st.text(max_size=200) | st.binary(max_size=200))
@example("\x00")
def test_any_text_and_any_bytes(frame: str | bytes) -> None:
    decode_or_refuse(frame)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([field.json_name for field in EVERYTHING.DESCRIPTOR.fields]) | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_under_the_names_of_real_fields(payload: object) -> None:
    decode_or_refuse(json.dumps({"route": "SendIt", "payload": payload}))


@given(message=any_message(EVERYTHING), frame_format=st.sampled_from(Format), data=st.data())
def test_a_good_frame_cut_or_altered_anywhere(message: Message, frame_format: Format, data: st.DataObject) -> None:
    frame = encode(OPERATION, message, frame_format).decode()
    cut = data.draw(st.integers(0, len(frame) - 1))
    decode_or_refuse(frame[:cut])
    decode_or_refuse(frame[:cut] + data.draw(st.characters()) + frame[cut + 1 :])
