"""`ruff format` leaves generated code unchanged, for every length of every name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.codegen import toolchain

pytestmark = pytest.mark.repository

LENGTHS = range(1, 101)

HEAD = """\
syntax = "proto3";
package {package};
import "google/protobuf/empty.proto";
import "pushwire/v1/options.proto";
"""
RPC = """\
  rpc {name}({message}) returns (google.protobuf.Empty) {{
    {options}option (pushwire.v1.operation) = {{{option}}};
  }}
"""


RECEIVED = "direction: DIRECTION_CLIENT_TO_SERVER"
BOTH = "direction: DIRECTION_BIDIRECTIONAL"


def rpc(
    name: str, message: str = "M", *, options: str = "", option: str = "direction: DIRECTION_SERVER_TO_CLIENT"
) -> str:
    return RPC.format(name=name, message=message, options=options, option=option)


def word(length: int, first: str = "N") -> str:
    return (first + "abcdefghij" * 20)[:length]


def contracts() -> Iterator[tuple[str, str]]:
    """Return files in which each kind of name, comment and text has every length."""
    head = HEAD.format
    methods = [rpc(f"{word(length)}") + rpc(f"E{word(length, 'x')}", "google.protobuf.Empty") for length in LENGTHS]
    yield "rpcs.proto", head(package="rpcs") + "message M {}\nservice S {\n" + "".join(methods) + "}\n"
    for length in LENGTHS:
        text = head(package=f"union{length}") + "message M {}\nservice " + word(length, "U") + " {\n"
        yield f"unions/union{length}.proto", text + rpc("A", option=BOTH) + rpc(word(length), option=BOTH) + "}\n"
    methods = [rpc(f"{word(length)}", option=RECEIVED) for length in LENGTHS]
    yield "received.proto", head(package="received") + "message M {}\nservice S {\n" + "".join(methods) + "}\n"

    messages = [f"message {word(length, 'M')} {{ message {word(length, 'I')} {{}} }}\n" for length in LENGTHS]
    methods = [
        rpc(f"R{length}", word(length, "M"), option=BOTH)
        + rpc(f"I{length}", f"{word(length, 'M')}.{word(length, 'I')}", option=BOTH)
        for length in LENGTHS
    ]
    yield "messages.proto", head(package="messages") + "".join(messages) + "service S {\n" + "".join(methods) + "}\n"

    services = [
        f"service {word(length, 'S')} {{\n{rpc('Send', option=BOTH)}{rpc('Poke', 'google.protobuf.Empty')}}}\n"
        for length in LENGTHS
    ]
    yield "services.proto", head(package="services_") + "message M {}\n" + "".join(services)

    comments = []
    for length in LENGTHS:
        for number, end in enumerate(["", '"', "\\"]):
            comments.append(f"  // {word(length)}{end}\n{rpc(f'C{length}x{number}')}")
            comments.append(f"  // First.\n  // {word(length)}{end}\n{rpc(f'D{length}x{number}')}")
    yield "comments_.proto", head(package="comments_") + "message M {}\nservice S {\n" + "".join(comments) + "}\n"

    marks = [
        rpc(f"R{length}", options=f"// {word(length)}{quotes}\n option deprecated = true;\n ", option=BOTH)
        for length in LENGTHS
        for quotes in ['"' * (length % 3)]
    ]
    yield "marks.proto", head(package="marks") + "message M {}\nservice S {\n" + "".join(marks) + "}\n"

    routes = [
        rpc(f"R{length}", option=f'direction: DIRECTION_BIDIRECTIONAL, format: FORMAT_BINARY, route: "{word(length)}"')
        for length in LENGTHS
    ]
    yield "routes_.proto", head(package="routes_") + "message M {}\nservice S {\n" + "".join(routes) + "}\n"

    for length in LENGTHS:
        yield f"{word(length, 'p')}/unique{length}.proto", f'syntax = "proto3"; package u{length}; message M {{}}\n'
        yield f"{word(length, 'q')}/same.proto", f'syntax = "proto3"; package s{length}; message M {{}}\n'
    for kind, package, path in [("unique", "u", "{folder}/unique{length}"), ("same", "s", "{folder}/same")]:
        folders = {length: word(length, "p" if kind == "unique" else "q") for length in LENGTHS}
        imports = [
            f'import "{path.format(folder=folder, length=length)}.proto";\n' for length, folder in folders.items()
        ]
        methods = [rpc(f"R{length}", f".{package}{length}.M") for length in LENGTHS]
        text = head(package=f"{kind}_imports") + "".join(imports) + "service S {\n" + "".join(methods) + "}\n"
        yield f"imports/{kind}.proto", text


@pytest.mark.parametrize("parameter", ["imports=absolute", "imports=relative"])
def test_ruff_format_changes_nothing_whatever_the_lengths(parameter: str, tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    for path, text in contracts():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text, encoding="utf-8")
    done = toolchain.protoc(source, {"pushwire": out}, parameter=parameter)
    assert done.returncode == 0, done.stderr
    modules = toolchain.modules(out)
    assert len(modules) == 3 * (9 + len(LENGTHS))
    for path, module in modules.items():
        ast.parse(module, path)
    done = toolchain.run(["ruff", "format", "--isolated", "--no-cache", "--diff", "."], out)
    assert (done.returncode, done.stdout) == (0, "")
