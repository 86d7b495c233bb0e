"""This decoder and protobuf's `json_format`: the same values, apart from a list of disagreements."""

import copy
import json
import warnings
from functools import cache
from typing import Any

import google.protobuf
import pytest
from google.protobuf import descriptor_pool, json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.internal import api_implementation
from google.protobuf.message import EncodeError, Message
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.protojson.disagreements import DISAGREEMENTS, Disagreement, disagreements
from tests.support.compiled import messages
from tests.support.strategies import same

from pushwire.protojson import ProtoJsonError, from_json

pytestmark = pytest.mark.skipif(
    int(google.protobuf.__version__.split(".")[0]) < 7 or api_implementation.Type() != "upb",
    reason="older versions of json_format, and its pure-Python one, disagree in more places",
)

TYPES = ["wire.v1.Everything", "kinds.v3.Kinds", "kinds.v2.Kinds", "kinds.v2023.Kinds"]


def ours(payload: Any, message_type: type[Message]) -> Message | None:
    try:
        return from_json(payload, message_type)
    except ProtoJsonError:
        return None


def theirs(payload: Any, message_type: type[Message]) -> Message | None:
    try:
        with warnings.catch_warnings(action="ignore"):  # of base64 with + and /, from Python 3.15 on
            # A copy, because the parser takes the @type of an Any out.
            return json_format.ParseDict(copy.deepcopy(payload), message_type(), ignore_unknown_fields=True)
    # What json_format raises goes far beyond its own errors.
    except (
        json_format.Error,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        SystemError,
        EncodeError,
    ):
        return None


@pytest.mark.parametrize("disagreement", DISAGREEMENTS.values(), ids=DISAGREEMENTS)
def test_each_disagreement_of_the_list_is_one(disagreement: Disagreement) -> None:
    payload, message_type = json.loads(disagreement.example), messages()[disagreement.message]
    one, other = ours(payload, message_type), theirs(payload, message_type)
    assert disagreement.ours == ("refuses" if one is None else "accepts")
    assert disagreement.theirs == ("refuses" if other is None else "accepts")
    assert one is None or other is None or not same(one, other)
    descriptor: Any = message_type.DESCRIPTOR
    named = set(disagreements(descriptor, payload))
    assert any(DISAGREEMENTS[name] is disagreement for name in named)


# JSON for fields of every kind: values that fit, values that almost fit, and values of other kinds.

NUMBERS = st.integers(-(2**65), 2**65) | st.sampled_from(
    [bound + step for bound in (-(2**63), -(2**31), 0, 2**31, 2**32, 2**63, 2**64) for step in (-1, 0, 1)]
)
FRACTIONS = st.floats(allow_nan=False) | st.sampled_from([1.0, -1.0, 0.5, 1e9, 3.4028235e38, 3.4028236e38, -1e39])
ODD = st.sampled_from(
    [
        "",
        "1_0",
        " 1",
        "01",
        "+1",
        "1.",
        ".5",
        "1e2",
        "1.50e1",
        "1e-2",
        "NaN",
        "Infinity",
        "inf",
        "nan",
        "\u0661",
        "1e400",
        "-0",
    ]
)
TEXTS = st.text(max_size=5) | NUMBERS.map(str) | FRACTIONS.map(str) | ODD | st.just("\ud800")
SCALARS = st.none() | st.booleans() | NUMBERS | FRACTIONS | TEXTS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2), max_leaves=4
)
BASE64 = st.from_regex("[A-Za-z0-9+/_-]{0,6}={0,2}", fullmatch=True) | st.sampled_from(
    ["YQ", "YQ=", "YR==", "-_+/", "Y Q="]
)
TIMES = st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,10})?Z", fullmatch=True)
TIMESTAMPS = (
    TIMES
    | st.datetimes().map(lambda time: f"{time.isoformat()}Z")
    | st.sampled_from(
        ["1972-01-01T10:00:20.021+05:30", "1972-01-01t10:00:20z", "1972-01-01T10:00:20", "1972-02-30T10:00:20Z"]
    )
)
DURATIONS = st.from_regex(r"-?[0-9]{1,13}(\.[0-9]{1,10})?s", fullmatch=True) | st.sampled_from(["1", "s", "1.s", "+1s"])
MASKS = st.from_regex(r"[a-zA-Z.,_]{0,8}", fullmatch=True)
SPECIAL: dict[str, st.SearchStrategy[Any]] = {
    "google.protobuf.Timestamp": TIMESTAMPS,
    "google.protobuf.Duration": DURATIONS,
    "google.protobuf.FieldMask": MASKS,
    "google.protobuf.Value": JSON,
    "google.protobuf.Struct": st.dictionaries(TEXTS, JSON, max_size=3),
    "google.protobuf.ListValue": st.lists(JSON, max_size=3),
}


def json_of(descriptor: Any, depth: int) -> st.SearchStrategy[Any]:
    """JSON for a message type."""
    if descriptor.full_name in SPECIAL:
        return SPECIAL[descriptor.full_name]
    if descriptor.full_name == "google.protobuf.Any":
        return st.sampled_from(
            ["wire.v1.Leaf", "google.protobuf.Duration", "kinds.v2.Needed", "kinds.v3.Kinds"]
        ).flatmap(lambda name: _any_of(name, depth - 1))
    if descriptor.file.name == "google/protobuf/wrappers.proto":
        return _single(descriptor.fields_by_name["value"], depth)
    fields: list[Any] = list(descriptor.fields)
    if descriptor.is_extendable:
        fields += descriptor.file.pool.FindAllExtensions(descriptor)
    if depth < 0 or not fields:
        return st.just({})
    entries = st.sampled_from(fields).flatmap(lambda field: st.tuples(_key(field), _value(field, depth)))
    return st.lists(entries | st.tuples(st.sampled_from(["new", "[no.such]"]), SCALARS), max_size=3).map(dict)


@cache
def _any_of(name: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    inner = json_of(descriptor_pool.Default().FindMessageTypeByName(name), depth)
    if name.startswith("google."):
        return inner.map(lambda value: {"@type": f"x/{name}", "value": value})
    return inner.map(lambda value: {"@type": f"x/{name}"} | value)


def _key(field: Any) -> st.SearchStrategy[str]:
    return st.just(f"[{field.full_name}]") if field.is_extension else st.sampled_from([field.json_name, field.name])


def _value(field: Any, depth: int) -> st.SearchStrategy[Any]:
    odd = st.none() | SCALARS | st.lists(SCALARS, max_size=1) | st.dictionaries(TEXTS, SCALARS, max_size=1)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key_field, value_field = field.message_type.fields
        keys = (
            TEXTS if key_field.type == FieldDescriptor.TYPE_STRING else st.sampled_from(["1", "-1", "true", "1.0", "7"])
        )
        return st.dictionaries(keys, _single(value_field, depth), max_size=2) | odd
    return (st.lists(_single(field, depth), max_size=2) if field.is_repeated else _single(field, depth)) | odd


def _single(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return json_of(field.message_type, depth - 1) | st.none()
    if field.enum_type is not None:
        names = st.sampled_from([value.name for value in field.enum_type.values] + ["SOME_NEW_NAME"])
        return names | st.integers(-2, 8) | SCALARS
    if field.type == FieldDescriptor.TYPE_BYTES:
        return BASE64 | SCALARS
    return SCALARS


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data())
def test_both_read_the_same_message_or_the_disagreement_is_in_the_list(name: str, data: st.DataObject) -> None:
    check(name, data)


@pytest.mark.at_length
@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=2_500)
@given(data=st.data())
def test_both_agree_at_length(name: str, data: st.DataObject) -> None:
    check(name, data)


def check(name: str, data: st.DataObject) -> None:
    message_type = messages()[name]
    descriptor: Any = message_type.DESCRIPTOR
    payload = data.draw(json_of(descriptor, 3))
    one, other = ours(payload, message_type), theirs(payload, message_type)
    is_same = same(one, other) if one is not None and other is not None else one is other
    assert is_same or set(disagreements(descriptor, payload)), (payload, one, other)
