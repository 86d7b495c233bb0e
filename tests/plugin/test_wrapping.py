"""Generated modules are wrapped as ruff wraps them, however long their names are."""

import ast
from typing import TypeVar

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pushwire.plugin.literals import quoted
from pushwire.plugin.printer import Printer
from pushwire.plugin.wrapping import (
    LONGEST_ASSIGNED,
    Brackets,
    Code,
    Operands,
    assigned,
    assigned_union,
    bracketed,
    imported,
)
from pushwire.v1 import options_pb2
from tests.plugin.contracts import BOTH, RECEIVE, SEND, Contract, generated
from tests.plugin.formatting import formatted

T = TypeVar("T")

NAME = st.integers(1, 100).map(lambda length: "n" * length)
NAMES = st.lists(NAME, min_size=1, max_size=4)


def many(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    """Enough for one run of ruff."""
    return st.lists(strategy, min_size=60, max_size=120)


UNSHRUNK = [Phase.explicit, Phase.reuse, Phase.generate]
"""Every try of a shrinker would be a run of ruff."""
FEW_RUFFS = settings(max_examples=8, deadline=None, phases=UNSHRUNK)


def lines_of(module: list[str]) -> str:
    return "\n".join([*module, ""])


@FEW_RUFFS
@given(many(st.tuples(NAME, NAMES)))
def test_calls(calls: list[tuple[str, list[str]]]) -> None:
    module = lines_of([line for name, arguments in calls for line in bracketed(f"{name}(", [*arguments, "()"], ")")])
    assert formatted(module) == module


@FEW_RUFFS
@given(many(st.tuples(NAME, NAMES)))
def test_signatures(signatures: list[tuple[str, list[str]]]) -> None:
    out = Printer()
    out.print("class Many:")
    with out.indented():
        out.docstring("Many methods.")
        for name, parameters in signatures:
            out.print()
            annotated = [f"p{number}: {parameter}" for number, parameter in enumerate(parameters)]
            out.function(name, ["self", *annotated], "None")
            with out.indented():
                out.print("pass")
    module = lines_of(out.lines)
    assert formatted(module) == module


def in_brackets(inner: st.SearchStrategy[Code]) -> st.SearchStrategy[Code]:
    return st.builds(Brackets, NAME.map("{}[".format), st.lists(inner, min_size=1, max_size=2), st.just("]"))


TYPE: st.SearchStrategy[Code] = st.recursive(NAME, in_brackets, max_leaves=3)


@FEW_RUFFS
@given(many(st.tuples(NAME, st.lists(TYPE, max_size=2), in_brackets(TYPE))))
def test_signatures_with_types_in_brackets(signatures: list[tuple[str, list[Code], Code]]) -> None:
    out = Printer()
    out.print("class Many:")
    with out.indented():
        for name, types, returned in signatures:
            parameters = [_annotated(f"p{number}: ", annotation) for number, annotation in enumerate(types)]
            out.function(name, ["self", *parameters], returned)
            with out.indented():
                out.print("pass")
            out.print()
    module = lines_of(out.lines[:-1])
    assert formatted(module) == module


def _annotated(parameter: str, annotation: Code) -> Code:
    return (
        Brackets(parameter + annotation.head, *annotation[1:])
        if isinstance(annotation, Brackets)
        else f"{parameter}{annotation}"
    )


@FEW_RUFFS
@given(many(st.tuples(NAME, NAME)))
def test_defaults(cases: list[tuple[str, str]]) -> None:
    out = Printer()
    for name, default in cases:
        union = Operands(f"p: {name}", f"| None = {default[:30]}")
        out.function("f", [union, Brackets("q: Callable[", ["[str]", name], f"] = {default[:60]}")], "None")
        with out.indented():
            out.print("pass")
        out.print("", "")
    module = lines_of(out.lines[:-2])
    assert formatted(module) == module


@FEW_RUFFS
@given(many(st.tuples(NAME, NAME, NAMES)))
def test_aliases(cases: list[tuple[str, str, list[str]]]) -> None:
    out = Printer()
    for name, generic, arguments in cases:
        out.assigned(f"{name}: TypeAlias", Brackets(f"{generic[:30]}[", arguments[:2], "]"))
    module = lines_of(out.lines)
    assert formatted(module) == module


@FEW_RUFFS
@given(many(st.tuples(NAME, NAMES)))
def test_unions(cases: list[tuple[str, list[str]]]) -> None:
    aliases = [line for name, names in cases for line in assigned_union(f"{name}: TypeAlias", ["A", "B", *names])]
    module = lines_of(aliases)
    assert formatted(module) == module


@FEW_RUFFS
@given(many(st.lists(st.tuples(NAME, NAME), min_size=1, max_size=3)))
def test_tuples(cases: list[list[tuple[str, str]]]) -> None:
    out = Printer()
    out.print("class Many:")
    with out.indented():
        for pairs in cases:
            out.assigned_tuple("_events", [Brackets("(", pair, ")") for pair in pairs])
    module = lines_of(out.lines)
    assert formatted(module) == module


@FEW_RUFFS
@given(many(st.tuples(NAME, NAMES, NAME)))
def test_imports_and_assignments(cases: list[tuple[str, list[str], str]]) -> None:
    imports = [line for package, names, _ in cases for line in imported(package, names)]
    assignments = [
        line for name, path, _ in cases for line in assigned(name[:LONGEST_ASSIGNED], ".".join(path), indent=0)
    ]
    renamed = [line for package, (name, *_), alias in cases for line in imported(package, [f"{name} as {alias}"])]
    module = lines_of([*imports, *renamed, "", *assignments])
    assert formatted(module) == module


@FEW_RUFFS
@given(many(st.text("abc é世🎉'\"\\", min_size=1, max_size=100)))
def test_decorators_with_a_text(texts: list[str]) -> None:
    out = Printer()
    for text in texts:
        out.bracketed("@deprecated(", [quoted(text)], ")")
        out.print("class Old: ...", "", "")
    module = lines_of(out.lines[:-2])
    assert formatted(module) == module


def capitalized(length: int) -> str:
    return "N" + "n" * (length - 1)


LENGTH = st.one_of(st.integers(1, 40), st.integers(1, 100))
RPC = st.tuples(
    LENGTH,
    st.sampled_from(["own", "nested", "None", "foreign", "Empty"]),
    LENGTH,
    st.integers(0, 90),
    st.sampled_from([SEND, RECEIVE, BOTH]),
)
Rpc = tuple[int, str, int, int, options_pb2.Operation]


@settings(FEW_RUFFS, max_examples=30)
@given(LENGTH, LENGTH, st.booleans(), st.lists(st.tuples(LENGTH, st.lists(RPC, min_size=1, max_size=8)), max_size=6))
def test_whole_modules(
    package_length: int, file_length: int, relative: bool, services: list[tuple[int, list[Rpc]]]
) -> None:
    package = "p" * package_length
    contract = Contract(f"{package}/{'f' * file_length}.proto", package)
    foreign = Contract(f"{'q' * package_length}/{'g' * file_length}.proto", f"q{package}")
    for number, (service_length, rpcs) in enumerate(services):
        for index, (name_length, where, message_length, deprecation_length, operation) in enumerate(rpcs):
            takes = {
                "own": contract.message(capitalized(message_length)),
                "nested": contract.message("Outer", capitalized(message_length)),
                "None": contract.message(capitalized(message_length), "None", capitalized(message_length)),
                "foreign": foreign.message(capitalized(message_length)),
                "Empty": "google.protobuf.Empty",
            }[where]
            deprecation = "d" * deprecation_length if deprecation_length > 45 else None
            name = f"{capitalized(name_length)}{index}"
            service = f"{capitalized(service_length)}{number}"
            contract.rpc(name, service=service, takes=takes, deprecation=deprecation, operation=operation)
    parameter = "imports=relative" if relative else ""
    for text in generated(contract, imported=[foreign], targets="server+client", parameter=parameter).values():
        ast.parse(text)
        assert formatted(text) == text
