"""YAML that people read, and that every reader of YAML reads alike."""

from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pushwire.plugin import yaml

INDICATORS = "-?:,[]{}#&*!|>'\"%@`=<~"
WORDS = ["", "yes", "No", "NULL", "1", "1.0", "1e3", ".inf", "0x1f", "1_000", "12:30", "2024-01-01", "<<", "---", "..."]
LINES = ["two\nlines", "two\n\nparagraphs", "line \nline", "a\n  b", "a\n", "\na", "a\r\nb", "a\n---\nb", "\ta\nb"]
ODD = ["a: b", "a #b", "a:", " led", "trailing ", "\x00", "\x7f", "\x85", "\u2028", "\ufeff", "\U0001f600", "é", "$ref"]
TEXTS = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    | st.sampled_from([*WORDS, *LINES, *ODD])
    | st.builds("{}{}".format, st.sampled_from(INDICATORS), st.sampled_from(["", "a", " a"]))
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
OBJECTS = st.dictionaries(
    TEXTS,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=20
    ),
)


def read(text: str, version: tuple[int, int]) -> Any:
    reader: Any = YAML(typ="safe", pure=True)
    reader.version = version
    return reader.load(StringIO(text))


@pytest.mark.parametrize("version", [(1, 1), (1, 2)])
@given(OBJECTS)
def test_what_is_written_is_read_back(version: tuple[int, int], value: dict[str, Any]) -> None:
    text = yaml.block(value)
    found = read(text, version) if value else {}
    assert (found, repr(found)) == (value, repr(value))


def test_people_read_it() -> None:
    value: dict[str, Any] = {
        "title": "Join a room, and stay.",
        "version": "3.0.0",
        "quoted": "yes",
        "ratio": 1e16,
        "description": "One line.\n\nAnother\n  indented.",
        "$ref": "#/a/b",
        "list": ["a", {"b": [1, [2, "x: y"]], "c": None}, []],
        "empty": {},
    }
    assert yaml.block(value) == (
        "title: Join a room, and stay.\n"
        'version: "3.0.0"\n'
        'quoted: "yes"\n'
        "ratio: 1.0e+16\n"
        "description: |-\n"
        "  One line.\n"
        "\n"
        "  Another\n"
        "    indented.\n"
        '$ref: "#/a/b"\n'
        "list:\n"
        "  - a\n"
        "  - b:\n"
        "      - 1\n"
        "      - - 2\n"
        '        - "x: y"\n'
        "    c: null\n"
        "  - []\n"
        "empty: {}\n"
    )
