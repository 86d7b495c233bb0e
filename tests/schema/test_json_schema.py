"""The JSON Schema of a message: valid in draft 4, and in agreement with the codec."""

import json
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, empty_pb2, json_format, struct_pb2, timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from tests.support.compiled import messages
from tests.support.strategies import messages as any_message

from pushwire import Direction, FrameError, Operation
from pushwire.frame import decode, encode
from pushwire.schema import JsonSchema, frame_schema, payload_schema

EVERYTHING = messages()["wire.v1.Everything"]
LEAF = messages()["wire.v1.Leaf"]
STRICT = messages()["wire.v1.Strict"]
WELL_KNOWN = [
    empty_pb2.Empty,
    struct_pb2.ListValue,
    struct_pb2.Struct,
    struct_pb2.Value,
    timestamp_pb2.Timestamp,
    wrappers_pb2.BoolValue,
    wrappers_pb2.Int64Value,
]


def operation(message_type: type[Message], **options: Any) -> Operation[Any]:
    return Operation(
        service="wire.v1.WireService",
        name="SendIt",
        route="send.it",
        direction=Direction.BIDIRECTIONAL,
        message_type=message_type,
        **options,
    )


def validator(message_type: type[Message]) -> Draft4Validator:
    return Draft4Validator(frame_schema(operation(message_type)))


def frame(payload: object) -> dict[str, object]:
    return {"route": "send.it", "payload": payload}


VALIDATOR = validator(EVERYTHING)


def passes_schema(payload: object) -> bool:
    return VALIDATOR.is_valid(frame(payload))


def passes_codec(payload: object) -> bool:
    sent = operation(EVERYTHING)
    try:
        decode(json.dumps(frame(payload)), {sent.route: sent})
    except FrameError:
        return False
    return True


def test_the_schema_of_a_frame_word_for_word() -> None:
    assert frame_schema(operation(LEAF)) == {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "wire.v1.WireService.SendIt",
        "type": "object",
        "properties": {
            "route": {"enum": ["send.it"]},
            "payload": {"type": "object", "allOf": [{"$ref": "#/definitions/wire.v1.Leaf"}]},
        },
        "required": ["route"],
        "definitions": {
            "scalar-int64": payload_schema(LEAF)["definitions"]["scalar-int64"],
            "wire.v1.Leaf": {
                "type": ["object", "null"],
                "properties": {
                    "leafName": {"type": ["string", "null"]},
                    "count": {"$ref": "#/definitions/scalar-int64"},
                },
                "patternProperties": {"^leaf_name$": {"type": ["string", "null"]}},
            },
        },
    }


@pytest.mark.parametrize("message_type", [EVERYTHING, LEAF, STRICT, *WELL_KNOWN], ids=lambda type_: type_.__name__)
def test_every_schema_is_valid_draft_4_and_its_references_lead_somewhere(message_type: type[Message]) -> None:
    for schema in (frame_schema(operation(message_type)), payload_schema(message_type)):
        Draft4Validator.check_schema(schema)
        for reference in references(schema):
            assert reference.removeprefix("#/definitions/") in schema["definitions"]


def references(part: object) -> list[str]:
    if isinstance(part, list):
        return [reference for item in part for reference in references(item)]
    if not isinstance(part, dict):
        return []
    found = [part["$ref"]] if "$ref" in part else []
    return found + [reference for item in part.values() for reference in references(item)]


def test_it_takes_the_class_or_its_descriptor_and_gives_the_same_bytes_each_time() -> None:
    schema = json.dumps(payload_schema(EVERYTHING))
    descriptor: Any = EVERYTHING.DESCRIPTOR
    assert json.dumps(payload_schema(descriptor)) == schema
    payload_schema(EVERYTHING)["definitions"]["scalar-int32"]["type"].clear()
    assert json.dumps(payload_schema(EVERYTHING)) == schema


# Frames that the codec writes


@given(message=any_message(EVERYTHING), emit_defaults=st.booleans())
def test_every_frame_that_the_codec_writes_is_accepted(message: Message, emit_defaults: bool) -> None:
    sent = encode(operation(EVERYTHING, json_emit_defaults=emit_defaults), message)
    VALIDATOR.validate(json.loads(sent))


@given(message=any_message(EVERYTHING))
def test_so_are_the_protos_own_names_and_the_numbers_of_enums(message: Message) -> None:
    payload = json_format.MessageToDict(message, preserving_proto_field_name=True, use_integers_for_enums=True)
    VALIDATOR.validate(frame(payload))


@pytest.mark.parametrize("message_type", WELL_KNOWN, ids=lambda type_: type_.__name__)
@given(data=st.data())
def test_a_well_known_type_can_be_the_message_itself(message_type: type[Message], data: st.DataObject) -> None:
    sent = encode(operation(message_type), data.draw(any_message(message_type)))
    validator(message_type).validate(json.loads(sent))


def test_the_largest_numbers_are_accepted_as_they_are_written() -> None:
    message: Any = EVERYTHING(a_float=3.4028234663852886e38, a_double=-1.7976931348623157e308, an_int64=-(2**63))
    payload = json.loads(encode(operation(EVERYTHING), message))["payload"]
    assert payload == {
        "aFloat": 3.4028234663852886e38,
        "aDouble": -1.7976931348623157e308,
        "anInt64": "-9223372036854775808",
    }
    assert passes_schema(payload)


# Frames that the codec reads or refuses

NUMBERS = st.integers(-(2**65), 2**65) | st.sampled_from(
    [bound + step for bound in (-(2**63), -(2**31), 0, 2**31, 2**32, 2**63, 2**64) for step in (-1, 0, 1)]
)
FRACTIONS = st.floats(-1e6, 1e6) | st.sampled_from([1.0, -1.0, 0.5, 1e9, 1e300, -1e39, 3.4028235e38, 3.4028236e38])
TEXTS = (
    NUMBERS.map(str)
    | st.sampled_from(["", "NaN", "Infinity", "-Infinity", "1.5", "1.0", "true", "QQ==", "QQ", "_-_-", "QQQ="])
    | st.sampled_from(["001s", "-0s", "0000-01-01T00:00:00Z", "é"])
    | st.sampled_from(["1.5s", "-3s", "315576000000s", "315576000001s", "1972-01-01T10:00:20.021Z", "a.bC,d", "a_b"])
    | st.sampled_from(["COLOUR_RED", "COLOUR_MAUVE", "1972-13-01T00:00:00Z", "1972-01-01", "x y"])
)
SCALARS = st.none() | st.booleans() | NUMBERS | FRACTIONS | TEXTS
FIELDS = {name: field for field in EVERYTHING.DESCRIPTOR.fields for name in {field.name, field.json_name}}
JSON = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(TEXTS | st.sampled_from(sorted(FIELDS)), SCALARS)


@given(name=st.sampled_from(sorted(FIELDS)), value=JSON)
@example("aFloat", 3.5e38)
@example("numbers", [None])
@example("values", {"x": None})
@example("timestamps", [None])
@example("leaves", [None])
@example("leavesByNumber", {"1.0": {}})
@example("words", {"True": "x"})
@example("aLeaf", {"leaf_name": 5})
@example("any", {"@type": 5})
@example("any", {"value": 5})
@example("boolValue", 1)
@example("empty", [])
def test_schema_and_codec_agree_on_every_field(name: str, value: Any) -> None:
    agree(EVERYTHING, json.dumps({name: value}))


# As texts, because Python writes a number such as 1e400 as `Infinity`, which is not JSON.
AS_WRITTEN = [
    *("1e400", "-1e400", "1e-400", "1e309", "1.7976931348623157e308", "-1.7976931348623157E+308", "1E3", "0e5", "-0.0"),
    *("1.50", "9223372036854775808.0", "18446744073709551616", '"1e3"', '"1E+3"', '"9223372036854775807.0"'),
    *('"-0"', '"-0.0"', '"-0e5"', '"-00"', '"-1e0"'),
]


@pytest.mark.parametrize("text", AS_WRITTEN)
def test_they_agree_on_numbers_as_they_are_written(text: str) -> None:
    for name in {field.json_name for field in FIELDS.values()}:
        for value in (text, f"[{text}]", f'{{"1":{text}}}', f'{{"1":[{text}]}}'):
            agree(EVERYTHING, f'{{"{name}":{value}}}')


KINDS = [messages()["kinds.v2.Kinds"], messages()["kinds.v2023.Kinds"], messages()["kinds.v3.Kinds"]]
VALIDATORS = {each.DESCRIPTOR.full_name: validator(each) for each in (EVERYTHING, *KINDS)}


@pytest.mark.parametrize("message_type", KINDS, ids=lambda type_: type_.DESCRIPTOR.full_name)
@given(data=st.data())
def test_they_agree_on_other_kinds_of_field_too(message_type: type[Message], data: st.DataObject) -> None:
    names = [name for field in message_type.DESCRIPTOR.fields for name in {field.name, field.json_name}]
    agree(message_type, json.dumps({data.draw(st.sampled_from(sorted(names))): data.draw(JSON)}))


def agree(message_type: type[Message], payload: str) -> None:
    is_valid, refusal = results(message_type, payload)
    is_left_to_the_receiver = "@type" in refusal or "each key once" in refusal
    assert is_valid == (not refusal) or is_left_to_the_receiver


def results(message_type: type[Message], payload: str) -> tuple[bool, str]:
    """Return whether the schema accepts a payload's text, and the text of the codec's error."""
    sent = operation(message_type)
    text = f'{{"route":"send.it","payload":{payload}}}'
    is_valid = VALIDATORS[message_type.DESCRIPTOR.full_name].is_valid(json.loads(text))
    try:
        decode(text, {sent.route: sent})
    except FrameError as error:
        return is_valid, str(error)
    return is_valid, ""


@pytest.mark.parametrize(
    ("payload", "refusal"),
    [
        ('{"aString":"x","aString":"x"}', "the key 'aString' twice"),
        ('{"aString":"x","a_string":"x"}', "under both names"),
        ('{"leavesByNumber":{"1":{},"1.0":{}}}', "each key once"),
        ('{"timestamp":"2026-02-30T00:00:00Z"}', "timestamp"),
        ('{"timestamp":"0001-01-01T00:00:00+01:00"}', "timestamp"),
        ('{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"x"}}', "any.value"),
        ('{"aDouble":"1e400"}', "out of range"),
        ('{"value":' + "[" * 50 + "]" * 50 + "}", "100"),
        ('{"aString":"\\ud800"}', "surrogate"),
    ],
)
def test_what_a_schema_cannot_express_is_left_to_the_receiver(payload: str, refusal: str) -> None:
    is_valid, text = results(EVERYTHING, payload)
    assert is_valid
    assert refusal in text


def test_extensions_are_left_to_the_receiver() -> None:
    """Any file may declare an extension, so a schema that knew them would change with the files that are imported."""
    assert results(KINDS[0], '{"[kinds.v2.extended_ratio]":1.5}') == (True, "")
    for value in ('"x"', "1e39", "[1]"):
        is_valid, text = results(KINDS[0], f'{{"[kinds.v2.extended_ratio]":{value}}}')
        assert is_valid
        assert "[kinds.v2.extended_ratio]" in text


@pytest.mark.parametrize(
    "value",
    [
        {"someBytes": "a"},
        {"someBytes": "QQ="},
        {"someBytes": "Q=="},
        {"someBytes": "é"},
        {"aColour": True},
        {"aColour": 1.5},
        {"aColour": 2**31},
        {"aColour": "2147483648"},
        {"anInt32": "1_000"},
        {"anInt32": " 1"},
        {"anInt32": "+1"},
        {"anInt32": ""},
        {"aDouble": "nan"},
        {"aDouble": "1_0.0"},
        {"aFloat": 10**39},
        {"timestamp": "1972-1-1T1:1:1Z"},
        {"duration": "1.0000000001s"},
    ],
    ids=json.dumps,
)
def test_what_only_python_would_read_is_refused(value: object) -> None:
    assert not passes_schema(value)
    assert not passes_codec(value)


@pytest.mark.parametrize(
    "value",
    [
        {"anInt32": "2147483647"},
        {"anInt32": "-2147483648"},
        {"anInt32": 1e3},
        {"anInt32": "1e3"},
        {"anInt32": "1.0"},
        {"aUint64": "18446744073709551615"},
        {"someBytes": "-_+/"},
        {"someBytes": "QUI="},
        {"aDouble": "1e-7"},
        {"aColour": "7"},
        {"aColour": "COLOUR_OF_A_NEW_CLIENT"},
        {"aColour": -(2**31)},
        {"timestamp": "1972-01-01T10:00:20.021-05:00"},
        {"new": {"field": [1]}},
        {"aLeaf": {"new": None}},
        {"any": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s"}},
    ],
    ids=json.dumps,
)
def test_what_the_json_mapping_allows_is_accepted(value: object) -> None:
    assert passes_schema(value)
    assert passes_codec(value)


@pytest.mark.parametrize("highest", [2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1, 315_576_000_000])
@given(data=st.data())
def test_a_number_in_a_string_is_held_to_its_range_digit_by_digit(highest: int, data: st.DataObject) -> None:
    near = st.integers(highest - 10**4, highest + 10**4) | st.integers(0, highest * 11)
    number = data.draw(near)
    if highest == 315_576_000_000:
        schema, text = payload_schema(EVERYTHING)["definitions"]["google.protobuf.Duration"], f"{number}s"
    else:
        name = f"scalar-{'int' if highest & (highest + 1) == 0 and highest.bit_length() % 2 else 'uint'}"
        bits = 32 if highest < 2**32 else 64
        schema, text = payload_schema(EVERYTHING)["definitions"][f"{name}{bits}"], str(number)
    assert Draft4Validator(schema).is_valid(text) == (number <= highest)


# Structure


def test_every_field_may_be_null_and_nothing_in_a_list_or_map_but_a_value() -> None:
    for name in FIELDS:
        assert passes_schema({name: None})
    for name in ("numbers", "leaves", "colours", "timestamps"):
        assert not passes_schema({name: [None]})
    for name in ("counts", "words", "blobs"):
        assert not passes_schema({name: {"1": None}})
    assert passes_schema({"values": {"x": None}})
    assert passes_schema({"listValue": [None], "struct": {"x": None}})


def test_a_payload_is_an_object_and_may_be_absent_but_not_null() -> None:
    assert VALIDATOR.is_valid({"route": "send.it"})
    payloads: list[object] = [None, "text", [], 5, True]
    for payload in payloads:
        assert not passes_schema(payload)
        assert not passes_codec(payload)


def test_a_frame_names_its_route_and_may_hold_keys_of_a_later_version() -> None:
    assert VALIDATOR.is_valid({"route": "send.it", "id": "1", "payload": {}})
    others: list[object] = [{"payload": {}}, {"route": "SendIt"}, {"route": None}, [], "send.it"]
    for other in others:
        assert not VALIDATOR.is_valid(other)


CHOICES = ["chosenText", "chosen_text", "chosenLeaf", "chosen_leaf", "chosenNumber", "chosen_number"]
CHOSEN = {"chosenText": "x", "chosen_text": "x", "chosenLeaf": {}, "chosen_leaf": {}, "chosenNumber": 1}


@given(st.dictionaries(st.sampled_from(CHOICES), st.booleans()))
def test_a_oneof_holds_one_field_at_most(chosen: dict[str, bool]) -> None:
    payload = {name: CHOSEN.get(name, 1) if is_set else None for name, is_set in chosen.items()}
    assert passes_schema(payload) == (sum(chosen.values()) <= 1)
    is_given_twice = any({one, other} <= chosen.keys() for one, other in zip(CHOICES[::2], CHOICES[1::2], strict=True))
    # The schema does not refuse one field under both its names where one of them is null.
    assert passes_codec(payload) == (sum(chosen.values()) <= 1 and not is_given_twice)


def test_messages_recur() -> None:
    assert passes_schema({"nested": {"nested": {"nested": {"anInt32": 1}}}})
    assert not passes_schema({"nested": {"nested": {"nested": {"anInt32": "x"}}}})


def test_required_fields_of_proto2_are_required_at_any_depth_under_either_name() -> None:
    strict = validator(STRICT)
    whole: list[object] = [{"name": "x"}, {"name": "x", "inner": {"number": 1}}, {"name": "x", "pair": {"left": 1}}]
    assert all(strict.is_valid(frame(payload)) for payload in whole)
    lacking: list[object] = [{}, {"name": None}, {"name": "x", "inner": {}}, {"name": "x", "inners": [{}]}]
    assert not any(strict.is_valid(frame(payload)) for payload in lacking)
    assert not strict.is_valid({"route": "send.it"})


def custom(**files: Any) -> JsonSchema:
    """Return the payload schema of a message `custom.Custom` from a descriptor."""
    file = descriptor_pb2.FileDescriptorProto(name="custom.proto", package="custom", **files)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return payload_schema(pool.FindMessageTypeByName("custom.Custom"))


def field(name: str, number: int, **options: Any) -> dict[str, Any]:
    return {"name": name, "number": number, "type": "TYPE_STRING", "label": "LABEL_OPTIONAL"} | options


def test_the_values_of_a_closed_enum_have_known_numbers() -> None:
    values = [{"name": "UP", "number": 1}, {"name": "ALSO_UP", "number": 1}, {"name": "DOWN", "number": -1}]
    schema = custom(
        syntax="proto2",
        message_type=[
            {"name": "Custom", "field": [field("way", 1, type="TYPE_ENUM", type_name=".custom.Way")]},
        ],
        enum_type=[{"name": "Way", "value": values, "options": {"allow_alias": True}}],
    )
    closed = Draft4Validator(schema)
    ways: list[object] = ["UP", "DOWN", "SIDEWAYS", 1, "1", -1, None]
    assert all(closed.is_valid({"way": way}) for way in ways)
    no_ways: list[object] = [0, "0", 2, 1.5, True, []]
    assert not any(closed.is_valid({"way": way}) for way in no_ways)


def test_a_json_name_may_hold_any_character() -> None:
    schema = custom(
        syntax="proto3", message_type=[{"name": "Custom", "field": [field("text", 1, json_name="a/b~%.*")]}]
    )
    for name in ("a/b~%.*", "text"):
        assert Draft4Validator(schema).is_valid({name: "x"})
        assert not Draft4Validator(schema).is_valid({name: 5})
    assert Draft4Validator(schema).is_valid({"texts": 5, "a/b~%.": 5})


def test_the_schema_of_a_long_oneof_stays_short() -> None:
    names = [f"event_{number}" for number in range(100)]
    fields = [field(name, number, oneof_index=0) for number, name in enumerate(names, 1)]
    schema = custom(
        syntax="proto3", message_type=[{"name": "Custom", "field": fields, "oneof_decl": [{"name": "event"}]}]
    )
    assert len(json.dumps(schema)) < 120_000
    validating = Draft4Validator(schema)
    assert validating.is_valid({"event99": "x", "event0": None})
    assert not validating.is_valid({"event_99": "x", "event98": "x"})
