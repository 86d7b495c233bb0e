"""Comments of `.proto` files become docstrings that compile, that ruff leaves unchanged, and with the same text."""

import ast
import inspect

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pushwire.plugin import comments, literals
from tests.plugin.formatting import formatted


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        (" Greet one client.\n", "Greet one client."),
        (" One.\n\n Two.\n", "One.\n\nTwo."),
        (" A list:\n  - one\n    more\n", "A list:\n- one\n  more"),
        (" A list:\n  - one\n End.\n", "A list:\n - one\nEnd."),
        ("  Indented.\n", "Indented."),
        ("bare\n", "bare"),
        (" CRLF.\r\n Next.\r\n", "CRLF.\nNext."),
        (" Lone.\rimport os\n", "Lone.\nimport os"),
        (" Tab\there.\n", "Tab     here."),
        (" Trailing.  \t\n Space.\u00a0\n", "Trailing.\nSpace."),
        (" Bell\x07, escape\x1b[31m, delete\x7f, C1\x9b, null\x00.\n", "Bell, escape[31m, delete, C1, null."),
        (" Right\u202eto left, zero\u200bwidth, \ufeffmark.\n", "Rightto left, zerowidth, mark."),
        (" Grüße, 世界 🎉\n", "Grüße, 世界 🎉"),
        (" Before.\n buf:lint:ignore RPC_STANDARD_NAME\n After.\n", "Before.\nAfter."),
        (" buf:breaking:ignore FILE\n", ""),
        (" see buf:lint:ignore\n", "see buf:lint:ignore"),
        ("*\n A block with two stars.\n", "A block with two stars."),
        (" * A list.\n * Of two.\n", "* A list.\n* Of two."),
        ("\n \n", ""),
        ("", ""),
    ],
)
def test_a_comment_is_cleaned(comment: str, text: str) -> None:
    assert comments.cleaned(comment) == text


def test_the_comments_of_one_element_are_paragraphs() -> None:
    assert comments.cleaned(" In front.\n", " Behind.\n") == "In front.\n\nBehind."
    assert comments.cleaned("", " Behind.\n") == "Behind."
    assert comments.cleaned(" In front.\n", "") == "In front."


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Plain.", ['"""Plain."""']),
        ("One.\n\nTwo.", ['"""One.', "", "Two.", '"""']),
        ("One.\n\nA path: C:\\", ['"""One.', "", "A path: C:\\\\", '"""']),
        ('One.\n\nSay """hi""" twice.', ['"""One.', "", 'Say \\"\\"\\"hi\\"\\"\\" twice.', '"""']),
        ('One.\nLast "quoted"', ['"""One.', 'Last "quoted"', '"""']),
    ],
)
def test_a_docstring_has_one_form(text: str, source: list[str]) -> None:
    assert literals.docstring(text) == source


FEW_RUFFS = settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
"""Why no shrinking: each attempt would run ruff."""
ALPHABET = st.one_of(
    st.sampled_from(list("\"'\\ \t\r\n#ab*-{}%\u00a0\u3000\u2028\x00\x0c\x1b\x85\u202e\ufeff🎉")),
    st.characters(exclude_categories=["Cs"]),
)
TEXT = st.text(ALPHABET, max_size=30)
COMMENT = st.one_of(TEXT, st.lists(TEXT.map(lambda line: f" {line}\n"), max_size=4).map("".join))


@FEW_RUFFS
@given(st.lists(st.tuples(COMMENT, COMMENT), min_size=40, max_size=120))
def test_whatever_the_comments_the_docstrings_say_them(pairs: list[tuple[str, str]]) -> None:
    texts = ["Send it.\n\n" + text for text in (comments.cleaned(*pair) for pair in pairs) if text]
    lines = ["class Sdk:", '    """Many methods."""']
    for number, text in enumerate(texts):
        body = [*literals.docstring(text), "pass"]
        lines += ["", f"    def method_{number}(self) -> None:", *(f"        {line}" if line else "" for line in body)]
    module = "\n".join([*lines, ""])
    (sdk,) = ast.parse(module).body
    assert isinstance(sdk, ast.ClassDef)
    methods = [node for node in sdk.body if isinstance(node, ast.FunctionDef)]
    assert [ast.get_docstring(method) for method in methods] == texts
    assert formatted(module) == module


@given(COMMENT, COMMENT)
def test_cleaning_leaves_nothing_to_clean(leading: str, trailing: str) -> None:
    text = comments.cleaned(leading, trailing)
    assert inspect.cleandoc(text) == text
    assert not set(text) & set("\t\r\x00\x0b\x0c\x1b\x85\x9b\u202e")
    assert all(line == line.rstrip() for line in text.split("\n"))


@FEW_RUFFS
@given(st.lists(st.text(ALPHABET).map(lambda text: " ".join(comments.cleaned(text).split())), min_size=50))
def test_whatever_the_text_a_literal_says_it(texts: list[str]) -> None:
    module = "\n".join(["texts = [", *(f"    {literals.quoted(text)}," for text in texts), "]", ""])
    (assignment,) = ast.parse(module).body
    assert isinstance(assignment, ast.Assign)
    assert ast.literal_eval(assignment.value) == texts
    assert formatted(module) == module
