"""Plain payloads are made into messages without json_format: the result, and what is refused, is the same."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.compiled import messages

from pushwire import _payload

EVERYTHING = messages()["wire.v1.Everything"]
PLAIN = [
    name
    for field in EVERYTHING.DESCRIPTOR.fields
    if field.message_type is None
    for name in {field.name, field.json_name}
]
NUMBERS = st.integers(-(2**65), 2**65) | st.sampled_from([2**31 - 1, 2**31, -(2**31) - 1, 2**32, 2**63, 2**64, -1])
VALUES = NUMBERS | st.booleans() | st.text(max_size=5) | st.floats() | st.none() | st.just("\ud800") | st.just([1])


def outcome(make: Any) -> Message | None:
    try:
        message: Message = make()
    except (json_format.Error, TypeError, ValueError, SystemError):  # which error it is has tests of its own
        return None
    return message


@given(st.dictionaries(st.sampled_from(PLAIN) | st.text(max_size=4), VALUES, max_size=5))
@example({"aString": "x", "a_string": "y"})
@example({"anInt32": True})
@example({"aBool": 1})
@example({"an_optional_string": ""})
@example({"chosenText": "x", "chosen_number": 1})
def test_the_fast_way_and_json_format_agree(payload: dict[str, Any]) -> None:
    fast = outcome(lambda: _payload.from_json(dict(payload), EVERYTHING))
    slow = outcome(lambda: json_format.ParseDict(dict(payload), EVERYTHING(), ignore_unknown_fields=True))
    assert fast == slow
