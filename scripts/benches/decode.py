"""Decoding JSON payloads, beside `json_format.ParseDict`."""

from typing import Any

from scripts.benches.measuring import compare, cpu

ITEMS = 50
ROUNDS = 9
"""The target ratios of the decoder are medians of nine pairs."""

SAMPLES: dict[str, tuple[dict[str, Any], int]] = {
    "submessages": ({"leaves": [{"leafName": f"item {number}", "count": str(number)} for number in range(ITEMS)]}, 200),
    "scalars and a oneof": (
        {
            "numbers": [str(number * 1_000_003) for number in range(20)],
            "colours": ["COLOUR_RED", "COLOUR_BLUE"] * 5,
            "chosenText": "hello",
        },
        1_000,
    ),
    "flat": (
        {"aString": "lobby", "anOptionalString": "Ada", "anInt32": 5, "aBool": True, "aColour": "COLOUR_RED"},
        5_000,
    ),
}
"""A payload of `wire.v1.Everything` (`tests/wire/everything.proto`), and how often a round decodes it."""


def decode(rounds: int) -> dict[str, float]:
    """CPU of decoding a parsed payload, by `pushwire.protojson` and by `ParseDict`."""
    from google.protobuf import json_format
    from tests.support.compiled import messages

    from pushwire.protojson import from_json

    everything = messages()["wire.v1.Everything"]
    figures: dict[str, float] = {}
    for name, (payload, count) in SAMPLES.items():

        def ours(payload: dict[str, Any] = payload, count: int = count) -> None:
            for _ in range(count):
                from_json(payload, everything)

        def theirs(payload: dict[str, Any] = payload, count: int = count) -> None:
            for _ in range(count):
                json_format.ParseDict(payload, everything(), ignore_unknown_fields=True)

        print(f"decode, {name}: microseconds of CPU per payload, {count:,} payloads a round")
        scale = 1e6 / count
        compared = compare(
            {"protojson": cpu(ours, scale), "ParseDict": cpu(theirs, scale)},
            max(rounds, ROUNDS),
            base="protojson",
            unit="µs",
        )
        figures |= {f"{name}: {key}": value for key, value in compared.items()}
    return figures
