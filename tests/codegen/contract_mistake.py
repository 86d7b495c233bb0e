"""A contract with errors: its files, and the lines of the plugin's error under protoc and under buf.

A `①` in front of a word is where protoc locates the mistake (options: at the whole statement), `❶` where buf does, if
that is more exact (options: at the field). The signs are taken out before the contract is compiled.
"""

import dataclasses
import textwrap

EMPTY = "google.protobuf.Empty"
SEND = "{ option (pushwire.v1.operation) = {direction: DIRECTION_SERVER_TO_CLIENT}; }"
RECEIVE = SEND.replace("SERVER_TO_CLIENT", "CLIENT_TO_SERVER")

_PROTOC_SIGNS = "①②③④⑤⑥⑦"
_BUF_SIGNS = "❶❷❸❹❺❻❼"


@dataclasses.dataclass(frozen=True)
class Mistake:
    """A contract with mistakes.

    Attributes:
        name: What is wrong with it, as a file name.
        sources: The files, by path, with signs.
        errors: The plugin's lines, each with a sign for `path:LINE:COL:`; `{line ①}` stands for that line's number.
    """

    name: str
    sources: dict[str, str]
    errors: tuple[str, ...]

    @property
    def files(self) -> dict[str, str]:
        """Return the files without signs."""
        signs = str.maketrans(dict.fromkeys(_PROTOC_SIGNS + _BUF_SIGNS))
        return {path: text.translate(signs) for path, text in self.sources.items()}

    def lines(self, *, by_buf: bool) -> list[str]:
        """Return the lines of the plugin's error under `buf generate` or under `protoc`."""
        places = _places(self.sources, _PROTOC_SIGNS)
        if by_buf:
            exact = _places(self.sources, _BUF_SIGNS)
            places |= {
                protoc: exact[buf] for protoc, buf in zip(_PROTOC_SIGNS, _BUF_SIGNS, strict=True) if buf in exact
            }
        return in_order([_replaced(error, places) for error in self.errors])


def in_order(lines: list[str]) -> list[str]:
    """Sort lines by file, line and column; lines of one place keep their order."""

    def place(line: str) -> tuple[str, int, int]:
        path, number, column, *_ = line.split(":")
        return path, int(number), int(column)

    return sorted(lines, key=place)


def _places(sources: dict[str, str], signs: str) -> dict[str, str]:
    unsigned = str.maketrans(dict.fromkeys(_PROTOC_SIGNS + _BUF_SIGNS))
    places: dict[str, str] = {}
    for path, text in sources.items():
        for number, line in enumerate(text.split("\n"), start=1):
            for sign in signs:
                before, found, _ = line.partition(sign)
                if found:
                    places[sign] = f"{path}:{number}:{len(before.translate(unsigned)) + 1}:"
    return places


def _replaced(error: str, places: dict[str, str]) -> str:
    for sign, place in places.items():
        error = error.replace(f"{{line {sign}}}", place.split(":")[1]).replace(sign, place)
    return error


def contract(package: str, body: str) -> str:
    """A file: what all of them begin with, and a body in which `SEND`, `RECEIVE` and `EMPTY` stand for their texts."""
    head = f"""\
        syntax = "proto3";

        package {package};

        import "google/protobuf/empty.proto";
        import "pushwire/v1/options.proto";

        message Note {{}}

        message Answer {{}}

        """
    for name, text in {"SEND": SEND, "RECEIVE": RECEIVE, "EMPTY": EMPTY}.items():
        body = body.replace(name, text)
    return textwrap.dedent(head) + textwrap.dedent(body)


def mistake(name: str, body: str, *errors: str) -> Mistake:
    """Return a contract of one file with errors in its services."""
    return Mistake(name, {f"mistakes/{name}.proto": contract(f"mistakes.{name}", body)}, errors)


def wrong_paths(name: str, paths: dict[str, str], *errors: str) -> Mistake:
    """Return a contract of files with invalid paths; `SERVICE` stands for a service with one operation."""
    service = f"service NoteService {{ rpc Send(Note) returns ({EMPTY}) {SEND} }}\n"
    sources = {
        path: contract(f"mistakes.{name}.p{number}", body.replace("SERVICE", service))
        for number, (path, body) in enumerate(paths.items())
    }
    return Mistake(name, sources, errors)
