"""What the decoder reads each JSON value as, and what it refuses."""

import copy
import json
import math
import pickle
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import Message
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.compiled import messages
from tests.support.strategies import messages as any_message
from tests.support.strategies import same

from pushwire.protojson import ProtoJsonError, from_json

EVERYTHING = messages()["wire.v1.Everything"]
LARGEST_FLOAT32 = 3.4028234663852886e38


def decoded(text: str) -> Any:
    return from_json(json.loads(text), EVERYTHING)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ('{"anInt32":"-5"}', "an_int32", -5),
        ('{"anInt32":1e2}', "an_int32", 100),
        ('{"anInt32":"1.50e1"}', "an_int32", 15),
        ('{"anInt32":"0e999999999999"}', "an_int32", 0),
        ('{"anInt32":"1e-0000000000000"}', "an_int32", 1),
        ('{"anInt64":"9223372036854775807.0"}', "an_int64", 2**63 - 1),
        ('{"anInt64":"-9223372036854775808"}', "an_int64", -(2**63)),
        ('{"aUint64":18446744073709551615}', "a_uint64", 2**64 - 1),
        ('{"aFloat":3.4028235e38}', "a_float", LARGEST_FLOAT32),
        ('{"aFloat":"-Infinity"}', "a_float", -math.inf),
        ('{"aDouble":"1e3"}', "a_double", 1000.0),
        ('{"someBytes":"-_"}', "some_bytes", b"\xfb"),
        ('{"someBytes":"+/8="}', "some_bytes", b"\xfb\xff"),
        ('{"someBytes":"-_8"}', "some_bytes", b"\xfb\xff"),
        ('{"aColour":7}', "a_colour", 7),
        ('{"aColour":"7"}', "a_colour", 7),
        ('{"aColour":1.0}', "a_colour", 1),
        ('{"aColour":"COLOUR_MAUVE"}', "a_colour", 0),
        ('{"colours":["COLOUR_RED","COLOUR_MAUVE",99]}', "colours", [1, 99]),
        ('{"numbers":null}', "numbers", []),
        ('{"numbers":["1",2,3.0]}', "numbers", [1, 2, 3]),
        ('{"words":{"true":"x"}}', "words", {True: "x"}),
        ('{"[wire.v1.nothing]":1}', "an_int32", 0),
        ('{"[\\ud800]":1,"\\ud800":1}', "an_int32", 0),
        ('{"aColour":null,"colours":[]}', "colours", []),
    ],
)
def test_a_value_is_read_as_the_specification_says(text: str, field: str, value: object) -> None:
    assert getattr(decoded(text), field) == value


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"leaves":[{},{"count":[]}]}', "leaves[1].count: expected a 64-bit integer, got an array"),
        ('{"anInt32":"1_000"}', "anInt32: expected a 32-bit integer, got a string"),
        ('{"anInt32":" 1"}', "anInt32: expected a 32-bit integer, got a string"),
        ('{"anInt32":"01"}', "anInt32: expected a 32-bit integer, got a string"),
        ('{"anInt32":true}', "anInt32: expected a 32-bit integer, got a boolean"),
        ('{"anInt32":1.5}', "anInt32: expected a 32-bit integer, got a number with a fraction"),
        ('{"anInt32":"1e-999999999"}', "anInt32: expected a 32-bit integer, got a number with a fraction"),
        ('{"anInt32":"1e999999999"}', "anInt32: expected a 32-bit integer, got a number that is out of range"),
        ('{"aUint32":-1}', "aUint32: expected an unsigned 32-bit integer, got a number that is out of range"),
        ('{"anInt64":"9223372036854775808"}', "anInt64: expected a 64-bit integer, got a number that is out of range"),
        ('{"aFloat":3.4028236e38}', "aFloat: expected a 32-bit float, got a number that is out of range"),
        ('{"aFloat":1e400}', "aFloat: expected a 32-bit float, got a number that is out of range"),
        ('{"aDouble":"1e400"}', "aDouble: expected a number, got a number that is out of range"),
        ('{"aDouble":"1_0"}', "aDouble: expected a number, got a string"),
        ('{"floatValue":true}', "floatValue: expected a number, got a boolean"),
        ('{"aBool":1}', "aBool: expected a boolean, got a number"),
        ('{"aString":"\\ud800"}', "aString: expected a string of Unicode characters, got half of a surrogate pair"),
        ('{"someBytes":"not base64 at all!"}', "someBytes: expected bytes in base64, got a string"),
        ('{"someBytes":"YQ="}', "someBytes: expected bytes in base64, got a string"),
        ('{"aColour":4294967297}', "aColour: expected a value of the enum Colour, got a number that is out of range"),
        ('{"aColour":1.5}', "aColour: expected a value of the enum Colour, got a number"),
        ('{"counts":{"a":null}}', "counts[a]: expected a value, got null"),
        ('{"numbers":[1,null]}', "numbers[1]: expected a value, got null"),
        ('{"words":{"1":"x"}}', 'words[1]: expected "true" or "false" as the key, got a string'),
        (
            '{"leavesByNumber":{"1":{},"1.0":{}}}',
            "leavesByNumber: expected each key once, got two keys that are equal as numbers",
        ),
        ('{"aString":null,"a_string":"x"}', "a_string: expected one value, got two, under both names of the field"),
        ('{"chosenText":"","chosenNumber":1}', "chosenNumber: expected one field of the oneof choice, got two"),
        ('{"struct":{"x":[1e400]}}', "struct[x][0]: expected a number, got a number that is out of range"),
        ('{"struct":{"\\udc00":1}}', "struct[\\udc00]: expected a string of Unicode characters, "),
        ('{"timestamp":"2026-02-30T00:00:00Z"}', "timestamp: expected a timestamp by RFC 3339"),
        ('{"timestamp":"0001-01-01T00:00:00+00:01"}', "timestamp: expected a timestamp by RFC 3339"),
        ('{"duration":"315576000001s"}', "duration: expected a duration in seconds"),
        ('{"fieldMask":"a_b"}', "fieldMask: expected the paths of a FieldMask"),
        ('{"fieldMask":"\\u00e9"}', "fieldMask: expected the paths of a FieldMask"),
        ('{"aColour":"\\ud800"}', "aColour: expected a string of Unicode characters, got half of a surrogate pair"),
        ('{"any":{"@type":"\\ud800/wire.v1.Leaf"}}', "any.@type: expected a string of Unicode characters"),
        ('{"any":{"@type":"x/\\ud800"}}', "any.@type: expected the name of a known message type, got another"),
        ('{"any":{"@type":"x/google.protobuf.BoolValue","value":null}}', "any.value: expected a value, got null"),
        ('{"value":1e400}', "value: expected a number, got a number that is out of range"),
        ('{"any":{"a":1}}', "any.@type: expected the name of a message type, got null"),
        ('{"any":{"@type":"x/no.such"}}', "any.@type: expected the name of a known message type, got another"),
        ('{"any":{"@type":"x/google.protobuf.Duration"}}', "any.value: expected a value beside @type, got none"),
        ('{"any":{"@type":"x/wire.v1.Leaf","count":""}}', "any.count: expected a 64-bit integer, got a string"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_path(text: str, error: str) -> None:
    with pytest.raises(ProtoJsonError) as caught:
        decoded(text)
    assert str(caught.value).startswith(error)


def test_an_extension_is_read_by_its_name_in_brackets_wherever_the_message_is() -> None:
    kinds = messages()["kinds.v2.Kinds"]
    plain = {"count": "1"}
    extended = {"[kinds.v2.extended_ways]": ["WAY_UP", 1, "NEW"], "[\ud800]": 1, "[kinds.v2.no]": 1}
    payload = {"moreKinds": [plain, extended], "kindsByName": {"a": extended, "b": plain}, "kinds": extended}
    message: Any = from_json(payload, kinds)
    extension = kinds.DESCRIPTOR.file.extensions_by_name["extended_ways"]
    for read in (message.more_kinds[1], message.kinds_by_name["a"], message.kinds):
        assert read.Extensions[extension] == [1, 1]
    assert message.more_kinds[0].count == message.kinds_by_name["b"].count == 1


def test_the_value_is_on_an_attribute_and_never_in_the_text() -> None:
    with pytest.raises(ProtoJsonError) as caught:
        decoded('{"anInt32":"secret"}')
    error = caught.value
    assert (error.value, error.path, error.expected) == ("secret", "anInt32", "a 32-bit integer")
    assert "secret" not in f"{error!s} {error!r}"
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (str(again), again.value) == (str(error), "secret")


def test_an_error_deep_in_a_message_or_under_a_long_key_has_a_bounded_text() -> None:
    for text in ('{"nested":' * 90 + '{"anInt32":[]}' + "}" * 90, json.dumps({"counts": {"k" * 100_000: []}})):
        with pytest.raises(ProtoJsonError) as caught:
            decoded(text)
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("innermost", "limit"),
    [("{}", 99), ('{"timestamp":"2024-02-09T18:11:43Z"}', 98), ("a list of lists", 49)],
    ids=["messages", "a time in messages", "lists of a Value"],
)
def test_a_hundred_messages_may_be_nested(innermost: str, limit: int) -> None:
    def nested(depth: int) -> str:
        if innermost == "a list of lists":
            return '{"value":%s}' % ("[" * depth + "]" * depth)
        return '{"nested":' * depth + innermost + "}" * depth

    from_json(json.loads(nested(limit)), EVERYTHING).SerializeToString()
    with pytest.raises(ProtoJsonError, match="nested too deeply"):
        decoded(nested(limit + 1))


def test_an_any_may_hold_a_well_known_type_or_another_any() -> None:
    inner = {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1.5s"}
    payload = {"any": {"@type": "type.googleapis.com/google.protobuf.Any", "value": inner}}
    message: Any = from_json(payload, EVERYTHING)
    assert message == json_format.ParseDict(payload, EVERYTHING())


@given(message=any_message(EVERYTHING))
def test_whatever_json_format_writes_is_read_as_the_same_message(message: Message) -> None:
    assert same(from_json(json.loads(json.dumps(json_format.MessageToDict(message))), EVERYTHING), message)


PLAIN = [
    name
    for field in EVERYTHING.DESCRIPTOR.fields
    if field.message_type is None
    for name in {field.name, field.json_name}
]
NUMBERS = st.integers(-(2**65), 2**65) | st.sampled_from([2**31 - 1, 2**31, -(2**31) - 1, 2**32, 2**63, 2**64, -1])
VALUES = NUMBERS | st.booleans() | st.text(max_size=5) | st.floats() | st.none() | st.just("\ud800") | st.just([1])


@given(st.dictionaries(st.sampled_from(PLAIN) | st.text(max_size=4), VALUES, max_size=5))
@example({"anInt32": True})
@example({"aBool": 1})
@example({"an_optional_string": ""})
def test_what_json_format_accepts_as_well_is_read_as_the_same_message(payload: dict[str, Any]) -> None:
    # "ProtoJSON Format" has enum names, base64 and JSON numbers. json_format goes beyond it where Python's `int` and
    # base64 do: the lower bits of an enum's number, characters outside the alphabet, "1_000" and " 1". All of these
    # are refused here, apart from texts for an enum, which are unknown names and therefore ignored.
    try:
        ours = from_json(dict(payload), EVERYTHING)
        theirs = json_format.ParseDict(dict(payload), EVERYTHING(), ignore_unknown_fields=True)
    except (json_format.Error, TypeError, ValueError, SystemError, AttributeError):
        return
    for name in ("a_colour", "colours"):  # for a text that `int` reads, such as " 1"
        ours.ClearField(name)
        theirs.ClearField(name)
    assert ours == theirs


def test_a_oneof_of_two_fields_takes_one() -> None:
    file = descriptor_pb2.FileDescriptorProto(name="two.proto", package="two", syntax="proto3")
    pair = file.message_type.add(name="Pair")
    pair.oneof_decl.add(name="either")
    for number, name in enumerate(("left", "right"), 1):
        pair.field.add(name=name, number=number, type=9, label=1, oneof_index=0)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    message_type = message_factory.GetMessageClass(pool.FindMessageTypeByName("two.Pair"))
    with pytest.raises(ProtoJsonError, match="right: expected one field of the oneof either, got two"):
        from_json({"left": "", "right": ""}, message_type)
