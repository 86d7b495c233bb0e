"""Comments of a contract become docstrings, with any content."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from pushwire.testing import RecordingTransport

DOCSTRINGS = {
    "plain": "One line.",
    "two_paragraphs": "The first paragraph,\nover two lines.\n\nThe second one.",
    "block": "A block\nwith stars\n  and an indented line.",
    "block_bare": "A block\nwithout stars.\nIndented.",
    "block_of_documentation": "A block that begins with two stars,\nof two lines.",
    "triple_quotes": "Say \"\"\"hello\"\"\" and '''bye'''.",
    "starts_with_quote": '"Quoted" at the start.',
    "ends_with_quote": 'At the end "quoted"',
    "only_quote": '"',
    "only_triple_quote": '"""',
    "four_quotes": '""""',
    "ends_with_backslash": "A path: C:\\",
    "only_backslash": "\\",
    "backslash_quote": 'Odd: \\"""',
    "two_backslashes": 'Even: \\\\"',
    "escapes": "\\n \\x41 \\u0041 \\N{BULLET} \\' \\\" {braces} %s",
    "last_line_quote": 'Two lines, the last one\nends with a "quote"',
    "last_line_backslash": "Two lines, the last one\nends with a backslash \\",
    "tabs": "After a tab.\n                After two.\nIn      the middle.",
    "indented": "A list:\n  - one\n    more of one\n  - two\nEnd.",
    "first_line_indented": "Deeper than\nthe rest.",
    "trailing_space": "Space behind\nand again.",
    "leading_blank": "Blank lines around.",
    "non_ascii": "Grüße, 世界 🎉 e\u0301",
    "unicode_space": "No-break\u00a0space, at the end too\n ideographic space\nline\u2028separator",
    "control": "Bell, escape[31m, formfeed, verticaltab, delete.",
    "c1_control": "Nextline and control.",
    "bidi": "Rightto left.",
    "code_like": "# type: ignore\nfmt: off\n>>> print(1)",
    "directive": "Before.\nAfter.",
    "long": "A long line that nobody wraps, " * 6 + "the end.",
    "eighty": "x" * 80,
    "detached": "Leading.",
    "trailing": "Behind the brace.",
    "leading_and_trailing": "In front.\n\nBehind the brace.",
}
"""The text after the first sentence of each docstring, by method of `comments.comments_pushwire.CommentServerSdk`."""

WITHOUT_A_COMMENT = {"blank": "Blank", "only_directive": "OnlyDirective", "uncommented": "Uncommented"}


def docstrings(folder: Path, module: str, class_name: str) -> dict[str, str | None]:
    """Return the docstrings of a class (key `""`) and of its methods."""
    tree = ast.parse((folder / f"{module.replace('.', '/')}.py").read_bytes())
    (found,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name]
    methods = [node for node in found.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {"": ast.get_docstring(found), **{method.name: ast.get_docstring(method) for method in methods}}


@pytest.fixture(scope="session")
def comments(absolute: Path) -> dict[str, str | None]:
    return docstrings(absolute, "comments.comments_pushwire", "CommentServerSdk")


@pytest.mark.parametrize("method", DOCSTRINGS)
def test_a_method_s_docstring_says_what_it_does_and_quotes_the_cleaned_comment(
    method: str, comments: dict[str, str | None]
) -> None:
    summary, _, quoted = (comments[method] or "").partition("\n\n")
    assert re.fullmatch("Send `[A-Za-z0-9]+` to one client.", summary)
    assert quoted == DOCSTRINGS[method]


@pytest.mark.parametrize("method", WITHOUT_A_COMMENT)
def test_a_method_without_a_comment_says_what_it_sends(method: str, comments: dict[str, str | None]) -> None:
    text = comments[method]
    assert text is not None
    assert f"`{WITHOUT_A_COMMENT[method]}`" in text


def test_every_commented_rpc_was_looked_at(comments: dict[str, str | None]) -> None:
    assert {"", *DOCSTRINGS, *WITHOUT_A_COMMENT} == comments.keys()


def test_the_async_family_has_the_same_docstrings(absolute: Path, comments: dict[str, str | None]) -> None:
    found = docstrings(absolute, "comments.comments_pushwire", "AsyncCommentServerSdk")
    assert found[""] == (comments[""] or "").replace("Server SDK of", "Async Server SDK of")
    assert found | {"": ""} == comments | {"": ""}


def test_a_service_s_comment_is_quoted_by_its_class(absolute: Path, comments: dict[str, str | None]) -> None:
    text = comments[""] or ""
    comment = '\n\nA service whose comments hold what breaks strings: """, \\ and ".\n\nEnds with a backslash \\'
    assert text.endswith(comment)
    assert "`comments.CommentService`" in text.removesuffix(comment)
    quoted = docstrings(absolute, "comments.comments_pushwire", "QuoteServerSdk")[""] or ""
    assert quoted.endswith('\n\n"')


def test_a_service_without_a_comment_is_named(absolute: Path) -> None:
    text = docstrings(absolute, "comments.comments_pushwire", "UncommentedServerSdk")[""] or ""
    assert "`comments.UncommentedService`" in text


def test_crlf_files_give_the_docstrings_of_lf_files(absolute: Path) -> None:
    found = docstrings(absolute, "comments.crlf_pushwire", "CrlfServerSdk")
    assert (found[""] or "").endswith("\n\nA file with CRLF line ends.\nSecond line.")
    assert (found["lines"] or "").endswith("client.\n\nFirst.\nSecond.\n\nAfter a blank line.\n\nBehind.")
    assert (found["block"] or "").endswith("client.\n\nA block\nof two.")


def test_a_lone_carriage_return_ends_a_line_and_nothing_else(absolute: Path) -> None:
    found = docstrings(absolute, "comments.carriage_return_pushwire", "CrServerSdk")
    comment = "Before\nraise SystemExit('a lone carriage return ends a # comment')"
    assert (found["lone"] or "").endswith(f"client.\n\n{comment}")
    assert (found["mixed"] or "").endswith("client.\n\nOne\ntwo\nthree")


@pytest.mark.usefixtures("importable")
def test_help_shows_the_comment() -> None:
    from importlib import import_module

    chat = import_module("chat.chat_pushwire")
    sdk = chat.ChatServerSdk(transport=RecordingTransport())
    assert inspect.getdoc(sdk.send_greeting) == "Send `SendGreeting` to one client.\n\nGreet one client."
    assert inspect.getdoc(sdk.to([]).send_greeting) == "Send `SendGreeting` to many clients.\n\nGreet one client."
    assert (inspect.getdoc(chat.ChatServerSdk) or "").endswith("\n\nA chat room.")
    assert (
        inspect.getdoc(chat.ChatRouter.join_room)
        == "Register the function that handles `JoinRoom` messages.\n\nEnter a room."
    )
    assert inspect.getdoc(chat.ChatHandlers.join_room) == "Handle `JoinRoom`.\n\nEnter a room."
