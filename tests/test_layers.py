"""The architecture as a test: what each package may import, what is loaded when, what is private."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import pushwire

PACKAGE = Path(pushwire.__file__).parent
CHAT = Path(__file__).parents[1] / "examples" / "chat"


def layers(package: str, *names: str | tuple[str, ...], outside: set[str]) -> dict[str, set[str]]:
    """The parts of a package from the top down: each may import those after it, and what the package may import.

    A tuple holds parts that stand side by side and do not import one another.
    """
    rows = [(row,) if isinstance(row, str) else row for row in names]
    return {
        f"{package}.{name}": outside | {f"{package}.{below}" for lower in rows[number + 1 :] for below in lower}
        for number, row in enumerate(rows)
        for name in row
    }


SMALL = {"_checks", "_closing", "_event_loop", "_functions", "_log", "_url", "_version"}
"""Helpers without a subject of their own."""
CONTRACT = {"operation", "errors", "frame", "callback_url"}

MAY_IMPORT: dict[str, set[str]] = {
    **{module: set() for module in SMALL},
    "v1": set(),
    "_codegen": {"_version"},
    # The contract at run time.
    "operation": set(),
    "errors": {"operation"},
    "protojson": set(),
    "frame": {"operation", "errors", "protojson", "v1"},
    "callback_url": {"errors", "_checks", "_url"},
    "_services": {"errors", "_functions"},
    # Sending.
    **layers(
        "sigv4",
        "__init__",
        ("presigner", "sessions"),
        "signer",
        "credentials",
        outside={"errors", "_checks", "_url"},
    ),
    **layers(
        "transport",
        "__init__",
        ("boto3", "http"),
        "_on_loop",
        "_fan_out",
        ("_pacing", "_responses", "_retry", "_settings"),
        "protocol",
        "rate_limit",
        outside=SMALL | CONTRACT | {"sigv4"},
    ),
    **layers(
        "store",
        "__init__",
        ("environment", "async_store"),
        ("dynamodb", "sqlite"),
        "_table",
        ("_rows", "_checks"),
        "protocol",
        "errors",
        outside={"_checks", "_closing", "_functions", "_log", "_services", "errors"},
    ),
    "server": SMALL | CONTRACT | {"transport", "store"},
    **layers(
        "fanout",
        "__init__",
        "worker",
        "sqs",
        "queue",
        "progress",
        "sending",
        "shard",
        "errors",
        outside=SMALL | CONTRACT | {"_services", "server", "store", "transport", "v1"},
    ),
    "aws_lambda": SMALL | CONTRACT | {"server", "store"},
    # Receiving from a server, and standing in for one.
    **layers(
        "client",
        "__init__",
        "client",
        "_io",
        "_core",
        "iam",
        "options",
        "auth",
        "events",
        "errors",
        outside={"_checks", "_version", "_log", "_functions", "operation", "frame", "errors", "sigv4"},
    ),
    **layers(
        "gateway",
        "__init__",
        "_server",
        "_console",
        "_api",
        "_management",
        "_access",
        "_functions",
        "transcript",
        "_state",
        "_wire",
        "clock",
        "settings",
        outside={"_checks", "_version", "operation", "frame", "errors", "schema"},
    ),
    # What is made of a contract.
    "schema": {"operation"},
    "cdk": {"operation", "errors", "callback_url", "schema"},
    "plugin": {"_version", "_codegen", "v1", "operation", "errors", "frame", "schema"},
    # The public names: those of `server` and `transport` are imported when they are asked for.
    "__init__": {"_version", "errors", "operation", "server", "transport"},
}
"""For each module or package, named below `pushwire`, what its modules may import of Pushwire."""

ANYTHING = {"cli", "testing"}
"""Packages that may import every other one. None imports them."""

THIRD_PARTY: dict[str, set[str]] = {
    "sigv4": {"botocore"},
    "transport._settings": {"botocore"},
    "transport.boto3": {"boto3", "botocore"},
    "_services": {"boto3", "botocore"},
    "aws_lambda.powertools": {"aws_lambda_powertools"},
    "client": {"websockets"},
    "gateway": {"httptools", "websockets"},
    "gateway._access": {"botocore"},
    "gateway._server": {"watchfiles"},
    "cdk": {"aws_cdk", "constructs", "jsii"},
    "cli": {"botocore", "ruamel"},
    "testing": {"pytest", "websockets"},
}
"""What a package may import beside protobuf and the standard library. Each is an extra, or the user's own."""

PRIVATE_BUT_IMPORTED = {
    ("cli", "gateway._functions"),
    ("cli", "gateway._server"),
    ("fanout", "store._rows"),
    ("fanout", "store._table"),
    ("testing", "gateway._functions"),
}
"""A package, and the private module of another package that it imports all the same."""

NAMES_OF_TWO_CLASSES = {
    # The plugin's model of a contract has protobuf's names for what the run time names as well.
    "Direction",
    "Format",
    # Still to be renamed.
    "Clock",
    "Closed",
}


class Import(NamedTuple):
    """One import statement's module.

    Attributes:
        module: The module's full name.
        is_at_import: Whether it is imported as soon as the importing module is: not in a function, and not for type
            checkers alone.
    """

    module: str
    is_at_import: bool


@cache
def modules() -> dict[str, Path]:
    """All modules of Pushwire by their names below it, such as `transport.boto3.transport`; a package's is its own."""
    paths = (path for path in PACKAGE.rglob("*.py") if not path.stem.endswith("_pb2"))
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in paths}


@cache
def imports(module: str) -> tuple[Import, ...]:
    return imports_of(modules()[module])


def imports_of(path: Path) -> tuple[Import, ...]:
    return tuple(found(ast.parse(path.read_text()), is_at_import=True))


def found(node: ast.AST, *, is_at_import: bool) -> Iterator[Import]:
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"imports are absolute, not from {'.' * node.level}{node.module}"
        for alias in node.names:
            yield Import(f"{node.module}.{alias.name}", is_at_import)
    elif isinstance(node, ast.Import):
        yield from (Import(alias.name, is_at_import) for alias in node.names)
    for_type_checkers = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    later = for_type_checkers or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in ast.iter_child_nodes(node):
        yield from found(child, is_at_import=is_at_import and not later)


def pushwires(module: str) -> Iterator[tuple[str, bool]]:
    """The modules of Pushwire that a module imports, and whether with its own import."""
    for name, is_at_import in imports(module):
        if name.split(".")[0] == "pushwire":
            below = name.removeprefix("pushwire").removeprefix(".")
            of_a_module = below if below in modules() or below.startswith("v1.") else below.rpartition(".")[0]
            yield of_a_module if of_a_module in modules() else f"{of_a_module}.__init__".lstrip("."), is_at_import


def part_of(module: str, parts: set[str]) -> str | None:
    """The closest of these packages and modules that a module is or stands in."""
    return max((part for part in parts if f"{module}.".startswith(f"{part}.")), key=len, default=None)


def test_every_module_has_its_place() -> None:
    places = MAY_IMPORT.keys() | ANYTHING
    assert [module for module in modules() if part_of(module, places) is None] == []
    used = {part_of(module, places) for module in modules()}
    assert places - {"v1"} == used - {"v1"}, "the table names what does not exist"


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_imports_run_one_way(part: str) -> None:
    for module in modules():
        if part_of(module, set(MAY_IMPORT)) == part:
            for imported, _ in pushwires(module):
                assert part_of(imported, {part, *MAY_IMPORT[part]}), f"{module} imports {imported}"


def test_no_imports_go_in_circles() -> None:
    graph = {module: {name for name, at_import in pushwires(module) if at_import} for module in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' <- '.join(error.args[1])}")


def test_only_the_packages_that_need_a_third_party_import_it() -> None:
    for module in modules():
        allowed = {"pushwire", "google", *sys.stdlib_module_names}
        for part, packages in THIRD_PARTY.items():
            if part_of(module, {part}):
                allowed |= packages
        assert {name.split(".")[0] for name, _ in imports(module)} <= allowed, module


def test_the_core_of_the_client_does_no_io() -> None:
    parts = {f"client.{name}" for name in ("_core", "errors", "events", "auth", "options")}
    for module in modules():
        if part_of(module, parts):
            assert {name.split(".")[0] for name, _ in imports(module)}.isdisjoint({"asyncio", "websockets", "socket"})


def test_the_core_of_the_transports_does_no_io() -> None:
    core = ("_fan_out", "_pacing", "_responses", "_retry", "protocol", "rate_limit")
    parts = {f"transport.{name}" for name in core}
    for module in modules():
        if part_of(module, parts):
            packages = {name.split(".")[0] for name, _ in imports(module)}
            assert packages.isdisjoint({"asyncio", "socket", "select", "ssl", "time"}), module


def test_private_modules_are_imported_inside_their_package_only() -> None:
    for module in modules():
        for imported, _ in pushwires(module):
            names = imported.split(".")
            for depth, name in enumerate(names):
                if depth == 0 or not name.startswith("_") or name == "__init__":
                    continue  # what is private of `pushwire` itself is for all of it
                private = ".".join(names[: depth + 1])
                is_inside = module.startswith(f"{'.'.join(names[:depth])}.")
                assert is_inside or (module.split(".")[0], private) in PRIVATE_BUT_IMPORTED, f"{module}: {imported}"


def test_a_class_name_has_one_meaning() -> None:
    homes = defaultdict[str, list[str]](list)
    for module, path in modules().items():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(module)
    taken = {name: places for name, places in homes.items() if len(places) > 1 and name not in NAMES_OF_TWO_CLASSES}
    assert taken == {}


@pytest.mark.parametrize(
    ("module", "not_loaded"),
    [
        (
            "pushwire",
            "boto3 botocore websockets asyncio ssl sqlite3 aws_cdk logging pushwire.server pushwire.transport",
        ),
        ("pushwire.frame", "boto3 botocore websockets asyncio ssl sqlite3 aws_cdk"),
        pytest.param(
            "chat.v1.chat_pushwire",
            "boto3 botocore websockets asyncio ssl sqlite3 aws_cdk",
            marks=pytest.mark.repository,  # its _pb2 module wants the protobuf of this repository
        ),
        ("pushwire.server", "boto3 botocore websockets asyncio ssl sqlite3 aws_cdk"),
        ("pushwire.aws_lambda", "boto3 botocore websockets asyncio ssl sqlite3 aws_cdk aws_lambda_powertools"),
        ("pushwire.fanout", "boto3 botocore websockets asyncio ssl sqlite3 aws_cdk random"),
        ("pushwire.schema", "boto3 botocore websockets asyncio ssl aws_cdk google.protobuf.json_format"),
        ("pushwire.testing", "boto3 botocore websockets asyncio ssl pytest httptools"),
        ("pushwire.transport", "boto3 botocore websockets asyncio ssl socket hmac aws_cdk"),
        pytest.param(
            "pushwire.client",
            "boto3 botocore aws_cdk httptools pushwire.server pushwire.aws_lambda pushwire.gateway",
            marks=pytest.mark.extra("websockets"),
        ),
        ("pushwire.sigv4", "boto3 botocore asyncio ssl socket"),
        ("pushwire.store", "boto3 botocore asyncio ssl sqlite3 dataclasses random logging"),
        ("pushwire.plugin.main", "boto3 botocore websockets asyncio ssl google.protobuf.json_format"),
        ("pushwire.cli.main", "boto3 botocore websockets asyncio ssl httptools ruamel"),
    ],
)
def test_what_is_not_used_is_not_imported(module: str, not_loaded: str) -> None:
    # What measures coverage has loaded some of them before.
    code = (
        f"import sys; before = set(sys.modules); import {module}; "
        f"print([name for name in {not_loaded.split()!r} if name in sys.modules.keys() - before])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHAT)
    assert done.stdout.strip() == "[]"


def test_the_tests_that_are_left_out_without_a_package_exist() -> None:
    from tests.conftest import NEEDS, TESTS

    assert [name for names in NEEDS.values() for name in names if not (TESTS / name).exists()] == []


@pytest.mark.extra("boto3")
def test_the_lazy_names_of_transport_are_there_and_no_other() -> None:
    import pushwire.transport as transport

    assert transport.Boto3Transport.__module__ == "pushwire.transport.boto3.transport"
    assert transport.AsyncBoto3Transport.__module__ == "pushwire.transport.boto3.async_transport"
    with pytest.raises(AttributeError, match="NoSuchTransport"):
        _ = transport.NoSuchTransport


def test_the_lazy_name_of_signing_is_there_and_no_other() -> None:
    import pushwire.sigv4 as sigv4

    assert sigv4.presigned_url.__module__ == "pushwire.sigv4.presigner"
    with pytest.raises(AttributeError, match="no_such_signature"):
        _ = sigv4.no_such_signature


def test_the_lazy_names_of_the_package_are_there_and_no_other() -> None:
    assert all(getattr(pushwire, name) is not None for name in pushwire.__all__)
    with pytest.raises(AttributeError, match="NoSuchThing"):
        _ = pushwire.NoSuchThing
