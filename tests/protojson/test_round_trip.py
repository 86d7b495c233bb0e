"""Each message that `encode` accepts is read by `decode` as the same message, in both formats."""

from typing import Any

import pytest
from google.protobuf import any_pb2, empty_pb2, field_mask_pb2, struct_pb2, wrappers_pb2
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from tests.support.compiled import messages
from tests.support.strategies import messages as any_message
from tests.support.strategies import same

from pushwire import Direction, Format, FrameError, Operation
from pushwire.frame import decode, encode

EVERYTHING = messages()["wire.v1.Everything"]
KINDS_3 = messages()["kinds.v3.Kinds"]
TYPES = [
    EVERYTHING,
    KINDS_3,
    messages()["kinds.v2.Kinds"],
    messages()["kinds.v2023.Kinds"],
    messages()["wire.v1.Strict"],
]
LARGEST_FLOAT32 = 3.4028234663852886e38


def operation(message_type: type[Message]) -> Operation[Any]:
    return Operation(
        service="wire.v1.WireService",
        name="SendIt",
        route="SendIt",
        direction=Direction.BIDIRECTIONAL,
        message_type=message_type,
    )


def decoded(message: Message, frame_format: Format = Format.JSON) -> Message:
    sent = operation(type(message))
    return decode(encode(sent, message, frame_format).decode(), {"SendIt": sent})[1]


def is_refused_by_encode(message: Message, frame_format: Format = Format.JSON) -> bool:
    try:
        encode(operation(type(message)), message, frame_format)
    except FrameError:
        return True
    return False


@pytest.mark.parametrize("frame_format", Format)
@pytest.mark.parametrize("message_type", TYPES, ids=lambda type_: type_.DESCRIPTOR.full_name)
@given(data=st.data())
def test_every_message_survives_in_both_formats(
    message_type: type[Message], frame_format: Format, data: st.DataObject
) -> None:
    message = data.draw(any_message(message_type, depth=3))
    assert same(decoded(message, frame_format), message)


@pytest.mark.parametrize("message_type", TYPES, ids=lambda type_: type_.DESCRIPTOR.full_name)
@given(data=st.data())
def test_what_json_cannot_say_is_refused_by_encode_or_survives(
    message_type: type[Message], data: st.DataObject
) -> None:
    message = data.draw(any_message(message_type, depth=3, raw=True))
    assert same(decoded(message, Format.BINARY), message)
    assert is_refused_by_encode(message) or same(decoded(message), message)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (EVERYTHING(values={"x": {}}), r"values\[x\]: expected a Value with a kind, got one without"),
        (
            EVERYTHING(list_value=struct_pb2.ListValue(values=[struct_pb2.Value()])),
            r"listValue\[0\]: expected a Value with a kind",
        ),
        (
            EVERYTHING(struct=struct_pb2.Struct(fields={"x": struct_pb2.Value()})),
            r"struct\[x\]: expected a Value",
        ),
        (struct_pb2.Value(null_value=5), "expected a NullValue of 0, got another number"),  # type: ignore[arg-type]
        (KINDS_3(nulls=[0, 5]), r"nulls\[1\]: expected a NullValue of 0"),
        (field_mask_pb2.FieldMask(paths=[""]), "expected paths of field names"),
        (field_mask_pb2.FieldMask(paths=["a,b"]), "expected paths of field names"),
        (field_mask_pb2.FieldMask(paths=["a_é"]), "expected paths of field names"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_value_that_no_json_stands_for_is_refused_with_its_path(message: Message, error: str) -> None:
    with pytest.raises(FrameError, match=error):
        encode(operation(type(message)), message, Format.JSON)
    assert decoded(message, Format.BINARY) == message


def nested(depth: int, innermost: Message) -> Message:
    message: Any = EVERYTHING()
    inner = message
    for _ in range(depth - 1):
        inner = inner.nested
    inner.MergeFrom(innermost)
    inner.SetInParent()
    return message  # type: ignore[no-any-return]


@pytest.mark.parametrize("frame_format", Format)
@pytest.mark.parametrize(
    "innermost",
    [
        EVERYTHING(an_int32=1),
        EVERYTHING(counts={"a": 1}),
        EVERYTHING(leaves=[{}]),
        EVERYTHING(leaves_by_number={1: {}}),
        EVERYTHING(values={"x": struct_pb2.Value(bool_value=True)}),
        EVERYTHING(struct=struct_pb2.Struct(fields={"x": struct_pb2.Value(bool_value=True)})),
        EVERYTHING(any=any_pb2.Any(type_url="x/google.protobuf.Empty")),
        EVERYTHING(bool_value=wrappers_pb2.BoolValue(value=True)),
    ],
    ids=str,
)
def test_encode_refuses_the_depth_that_decode_refuses(innermost: Message, frame_format: Format) -> None:
    refused = [is_refused_by_encode(nested(depth, innermost), frame_format) for depth in range(90, 110)]
    assert refused == sorted(refused)
    assert not refused[5]
    assert refused[15]
    for depth in range(90, 90 + refused.index(True)):
        message = nested(depth, innermost)
        assert decoded(message, frame_format) == message


def test_encode_refuses_the_depth_of_a_struct_that_decode_refuses() -> None:
    def struct(depth: int) -> Message:
        value: Any = struct_pb2.Value()
        inner = value
        for _ in range(depth):
            inner = inner.struct_value.fields["x"]
        inner.bool_value = True
        return value  # type: ignore[no-any-return]

    assert decoded(struct(33)) == struct(33)
    assert is_refused_by_encode(struct(34))


def test_the_largest_float32_is_written_as_a_number_that_is_a_float32() -> None:
    kinds = KINDS_3(
        floats=[LARGEST_FLOAT32, 1.5, -LARGEST_FLOAT32], doubles=[3.4028235e38], by_uint32={7: LARGEST_FLOAT32}
    )
    packed = any_pb2.Any()
    packed.Pack(wrappers_pb2.FloatValue(value=LARGEST_FLOAT32))
    message = EVERYTHING(a_float=LARGEST_FLOAT32, a_double=3.4028235e38, a_string="3.4028235e+38", any=packed)
    for sent, text in (
        (kinds, '"floats":[3.4028234663852886e+38,1.5,-3.4028234663852886e+38]'),
        (kinds, '"byUint32":{"7":3.4028234663852886e+38}'),
        (kinds, '"doubles":[3.4028235e+38]'),
        (message, '"aFloat":3.4028234663852886e+38'),
        (message, '"aDouble":3.4028235e+38,'),
        (message, '"aString":"3.4028235e+38"'),
        (message, '"value":3.4028234663852886e+38'),
        (wrappers_pb2.FloatValue(value=-LARGEST_FLOAT32), "-3.4028234663852886e+38"),
    ):
        assert text in encode(operation(type(sent)), sent, Format.JSON).decode()
        assert decoded(sent) == sent


def test_an_any_that_is_empty_survives() -> None:
    message = EVERYTHING(any=any_pb2.Any(), empty=empty_pb2.Empty())
    assert decoded(message) == message
