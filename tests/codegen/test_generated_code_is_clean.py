"""Generated code compiles, imports without a warning, and satisfies formatters and type checkers, at every depth."""

import ast
from pathlib import Path

import pytest

from tests.codegen import toolchain
from tests.codegen.toolchain import FIXTURES
from tests.support.made_once import MakeOnce

SERVER_MODULES = [
    "aliases.note_pushwire",
    "billing.chat_pushwire",
    "chat.chat_pushwire",
    "comments.carriage_return_pushwire",
    "comments.comments_pushwire",
    "comments.crlf_pushwire",
    "deprecations.deprecated_pushwire",
    "deprecations.old_file_pushwire",
    "editions.edition2023_pushwire",
    "legacy.no_syntax_pushwire",
    "legacy.proto2_pushwire",
    "names.clients_pushwire",
    "names.handlers_pushwire",
    "names.kebab_name.v2_pushwire",
    "names.keywords_pushwire",
    "names.long_pushwire",
    "presence.presence_pushwire",
    "replies.replies_pushwire",
    "root_pushwire",
    "routes.routes_pushwire",
    "services.services_pushwire",
    "shop.orders.v1.orders_pushwire",
    "shop.orders.v1.returns_pushwire",
    "wellknown.empty_pushwire",
    "wellknown.wellknown_pushwire",
]
MODULES = [module for server in SERVER_MODULES for module in (server, f"{server}_client", f"{server}_operations")]

EDITION_2024 = [f"editions/edition2024_pushwire{target}.py" for target in ("", "_client", "_operations")]


def test_there_is_a_module_for_each_file_with_operations_and_for_no_other(absolute: Path, relative: Path) -> None:
    expected = [module.replace(".", "/") + ".py" for module in MODULES]
    assert list(toolchain.modules(absolute)) == expected
    assert list(toolchain.modules(relative / "contracts")) == expected


def test_the_plugin_adds_nothing_but_its_modules(absolute: Path, made_once: MakeOnce) -> None:
    def fill(folder: Path) -> None:
        done = toolchain.protoc(FIXTURES / "proto", {"pushwire": folder})
        assert done.returncode == 0, done.stderr

    alone = made_once("pushwire-alone", fill)
    files = [path.relative_to(alone).as_posix() for path in alone.rglob("*") if path.is_file()]
    assert sorted(files) == list(toolchain.modules(absolute))


def test_buf_and_protoc_give_the_same_bytes(absolute: Path, protoc_output: Path) -> None:
    by_buf, by_protoc = toolchain.modules(absolute), toolchain.modules(protoc_output)
    assert by_buf.keys() == by_protoc.keys()
    for path, text in by_buf.items():
        assert text == by_protoc[path], path


@pytest.mark.parametrize("module", MODULES)
def test_each_module_imports_alone_in_a_fresh_interpreter(module: str, absolute: Path) -> None:
    done = toolchain.python(f"import importlib; importlib.import_module({module!r})", absolute)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_modules_with_relative_imports_import_from_inside_a_package_only(relative: Path) -> None:
    names = [f"contracts.{module}" for module in MODULES]
    code = f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n"
    code += "print([name for name in sys.modules if name.endswith('_pb2') and not name.startswith(ROOTS)])"
    done = toolchain.python(f"ROOTS = ('contracts.', 'google.', 'pushwire.')\n{code}", relative)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_relative_imports_change_nothing_but_import_lines(absolute: Path, relative: Path) -> None:
    inside = toolchain.modules(relative / "contracts")
    for path, text in toolchain.modules(absolute).items():
        assert _without_imports(text) == _without_imports(inside[path]), path


def test_modules_are_utf_8_with_line_feeds_and_no_control_characters(absolute: Path) -> None:
    for path, data in toolchain.modules(absolute).items():
        text = data.decode("utf-8")
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        controls = [character for character in text if not (character.isprintable() or character in "\n\u00a0\u3000")]
        assert {hex(ord(character)) for character in controls} <= {"0x2028"}, path


def test_no_text_of_a_contract_is_in_a_comment(absolute: Path) -> None:
    import io
    import tokenize

    allowed = (
        "# ruff: ",
        "# isort: skip_file",
        "# fmt: off",
        "# pyright: ",
        "# mypy: ",
        "# Before imports that another version of pushwire may not have.",
    )
    for path, data in toolchain.modules(absolute).items():
        for token in tokenize.tokenize(io.BytesIO(data).readline):
            if token.type == tokenize.COMMENT:
                assert token.string.startswith(allowed), (path, token.string)


def test_the_plugin_reads_edition_2024_with_every_protobuf(tmp_path: Path) -> None:
    toolchain.buf_workspace(tmp_path / "work", FIXTURES / "proto2024")
    done = toolchain.buf_generate(tmp_path / "work", [toolchain.pushwire_plugin("out")])
    if toolchain.refuses_edition_2024(done):
        pytest.skip(f"the installed buf refuses edition 2024: {done.stderr.strip()}")
    assert (done.returncode, done.stderr) == (0, "")
    assert list(toolchain.modules(tmp_path / "work" / "out")) == EDITION_2024


def test_edition_2024_generates_and_imports(edition_2024: Path, tmp_path: Path) -> None:
    by_protoc = toolchain.protoc(FIXTURES / "proto2024", {"pushwire": tmp_path})
    assert (by_protoc.returncode, by_protoc.stderr) == (0, "")
    assert toolchain.modules(tmp_path) == toolchain.modules(edition_2024)
    assert list(toolchain.modules(edition_2024)) == EDITION_2024
    code = "from editions.edition2024_pushwire import Edition2024ServerSdk as S; print(S.send_exported, S.send_local)\n"
    code += "from editions.edition2024_pushwire_client import Edition2024Client as C; print(C.on_send_exported)"
    done = toolchain.python(code, edition_2024)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.repository
def test_ruff_format_leaves_every_module_as_it_is(absolute: Path, relative: Path, edition_2024: Path) -> None:
    files = [
        folder / path
        for folder in (absolute, relative / "contracts", edition_2024)
        for path in toolchain.modules(folder)
    ]
    done = toolchain.run(["ruff", "format", "--isolated", "--no-cache", "--diff", *files], absolute)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.repository
def test_ruff_format_would_leave_the_layout_as_it_is_where_it_may_format(absolute: Path, tmp_path: Path) -> None:
    for path, text in toolchain.modules(absolute).items():
        if path.startswith(("chat/", "billing/")):  # elsewhere single elements are longer than a line
            (tmp_path / path.replace("/", "_")).write_bytes(text.replace(b"# fmt: off\n", b"", 1))
    done = toolchain.run(["ruff", "format", "--isolated", "--no-cache", "--diff", "."], tmp_path)
    assert (done.returncode, done.stdout) == (0, "")


MEMBERS_WITH_HINTS = """
import importlib, inspect, typing
for name in MODULES:
    module = importlib.import_module(name)
    typing.get_type_hints(module)
    for cls in [value for value in vars(module).values() if inspect.isclass(value) and value.__module__ == name]:
        typing.get_type_hints(cls)
        for member in vars(cls).values():
            function = member.fget if isinstance(member, property) else member
            if inspect.isfunction(function):
                typing.get_type_hints(function)
                count += 1
print(count > 1000)
"""


def test_type_hints_of_every_class_method_and_property_can_be_read_at_run_time(absolute: Path) -> None:
    done = toolchain.python(f"MODULES = {MODULES!r}\ncount = 0{MEMBERS_WITH_HINTS}", absolute)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


@pytest.mark.repository
def test_ruff_check_finds_nothing_but_the_order_of_imports(absolute: Path, relative: Path, edition_2024: Path) -> None:
    # PYI042: the aliases of a service whose name is in lower case. UP007: Python 3.11 compiles no `|` of thousands.
    ignored = "E402,I001,PYI042,UP007"
    files = [
        folder / path
        for folder in (absolute, relative / "contracts", edition_2024)
        for path in toolchain.modules(folder)
    ]
    done = toolchain.run(
        ["ruff", "check", "--isolated", "--no-cache", "--ignore-noqa", f"--ignore={ignored}", *files], absolute
    )
    assert (done.returncode, done.stdout) == (0, "All checks passed!\n")


def _without_imports(text: bytes) -> str:
    tree = ast.parse(text)
    kept = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(node) for node in kept)
