"""Mutated payloads: each is a message or a FrameError, in bounded memory."""

import random
import re
import resource
from typing import Any

import pytest
from tests.support.compiled import messages

from pushwire import Direction, FrameError, Operation
from pushwire.frame import decode

SEEDS = {
    "wire.v1.Everything": [
        '{"aDouble":1.5,"aFloat":-2e-3,"anInt32":-5,"anInt64":"9007199254740993","aUint32":7,"aUint64":"1e2"}',
        '{"aBool":true,"aString":"h\\u00e9llo","someBytes":"-_8=","aColour":"COLOUR_RED","anOptionalString":null}',
        '{"aLeaf":{"leafName":"x","count":"1"},"nested":{"nested":{"numbers":["1",2,3.0]}},"leaves":[{},{"count":4}]}',
        '{"colours":["COLOUR_RED",7,"NEW"],"counts":{"a":1},"leavesByNumber":{"1":{}},"words":{"true":"x"},"blobs":{"b":"YQ"}}',
        '{"any":{"@type":"x/wire.v1.Everything","any":{"@type":"x/google.protobuf.Duration","value":"1.5s"}}}',
        '{"duration":"-1.000000001s","empty":{},"fieldMask":"a.bC,d","listValue":[1,[null],{"x":"y"}],"struct":{"k":{"l":[1]}}}',
        '{"timestamp":"1972-01-01T10:00:20.021+05:30","value":{"a":[true,null,1e3]},"values":{"v":null},"timestamps":[]}',
        '{"boolValue":true,"bytesValue":"AA==","doubleValue":"NaN","floatValue":"Infinity","int64Value":"-1","stringValue":""}',
        '{"chosenText":"x","chosenLeaf":null,"new":{"field":[1]}}',
    ],
    "kinds.v2.Kinds": [
        '{"way":"WAY_UP","ways":["WAY_DOWN",1],"turnsByNumber":{"-1":"TURN_LEFT"},"pair":{"left":1,"right":{}}}',
        '{"item":[{"name":"x"}],"needed":{"number":1,"inner":{"number":2}},"[kinds.v2.extended_ways]":["WAY_UP"]}',
        '{"[kinds.v2.extended_kinds]":{"[kinds.v2.Scope.scoped]":"x"},"[kinds.v2.extended_needed]":[{"number":1}]}',
    ],
    "kinds.v3.Kinds": [
        '{"floats":[1.5,"NaN"],"bools":[true,false],"byBool":{"true":{"byUint32":{"7":1.5}}},"bySfixed32":{"1":"1s"}}',
        '{"chosenNull":null,"nulls":[null,"NULL_VALUE"],"structs":[{"a":null}],"fieldMasks":["a,bC"]}',
        '{"odd name.[0]~":"x"}',
    ],
    "kinds.v2023.Kinds": [
        '{"explicit":0,"implicit":1,"open":"OPEN_TWO","shut":5,"delimited":{"delimiteds":[{}]},"must":{"ratio":1.5}}',
    ],
}
TOKENS = [
    *(
        "null",
        "true",
        "{}",
        "[]",
        "[[]]",
        '""',
        '"1"',
        "0",
        "-0",
        "-1",
        "1.0",
        "1.5",
        "1e400",
        "NaN",
        '"NaN"',
        "1e-400",
    ),
    *("4294967296", "9223372036854775808", '"18446744073709551616"', '"1e2"', '"01"', '" 1"', '"1_0"', "3.4028236e38"),
    *('"\\ud800"', '"\\udc00x"', '"\\u0000"', '"@type"', '"2026-02-30T00:00:00Z"', '"315576000001s"', '"a_b"', '"YQ="'),
    *('{"":0}', '{"@type":"x/google.protobuf.Any"}', '{"1":{},"1.0":{}}', '[{"nested":{}}]', '"COLOUR_NEW"', '"é"'),
]
CHARACTERS = '{}[]",:0123456789.eE+-\\u_ntfas@ \x00\ud800é\U0001f600'
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null')


def mutated(text: str, source: random.Random) -> str:
    for _ in range(source.randint(1, 3)):
        start = source.randrange(len(text) + 1)
        end = min(len(text), start + source.randint(0, 6))
        tokens = list(TOKEN.finditer(text))
        match source.randrange(5):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:start] + source.choice(CHARACTERS) + text[end:]
            case 2:
                text = text[:start] + text[start:end] * source.randint(2, 5) + text[end:]
            case 3 if len(tokens) > 1:
                one, other = source.choice(tokens), source.choice(tokens)
                text = text[: one.start()] + other[0] + text[one.end() :]
            case _ if tokens:
                token = source.choice(tokens)
                text = text[: token.start()] + source.choice(TOKENS) + text[token.end() :]
            case _:
                pass
    return text


def refusal_of(frame: str, operation: Operation[Any]) -> FrameError | None:
    try:
        decode(frame, {"SendIt": operation})
    except FrameError as error:
        return error
    return None


def check(number: int) -> None:
    source = random.Random(number)
    operations: list[tuple[Operation[Any], list[str]]] = [
        (
            Operation(
                service="wire.v1.WireService",
                name="SendIt",
                route="SendIt",
                direction=Direction.BIDIRECTIONAL,
                message_type=messages()[name],
            ),
            texts,
        )
        for name, texts in SEEDS.items()
    ]
    accepted = refused = 0
    before = 0
    for count in range(number):
        operation, texts = source.choice(operations)
        frame = f'{{"route":"SendIt","payload":{mutated(source.choice(texts), source)}}}'
        refusal = refusal_of(frame, operation)
        accepted += refusal is None
        refused += refusal is not None
        assert len(str(refusal)) < 500
        if count == number // 10:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert accepted > number // 20
    assert refused > number // 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024  # kilobytes


def test_a_few_thousand() -> None:
    check(5_000)


@pytest.mark.at_length
def test_a_million() -> None:
    check(1_000_000)
