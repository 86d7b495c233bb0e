"""The layers: imports run one way, and nothing heavy is loaded that was not asked for."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pushwire

PACKAGE = Path(pushwire.__file__).parent

CORE = {
    "_version",
    "_log",
    "_closing",
    "_functions",
    "_url",
    "operation",
    "errors",
    "_payload",
    "frame",
    "callback_url",
    "v1",
    "_codegen",
}
LAZY = {"transport", "server"}
"""What `pushwire` imports when one of its names is asked for, and for type checkers."""
MAY_IMPORT: dict[str, set[str]] = {
    "_version": set(),
    "_log": set(),
    "_closing": set(),
    "_functions": set(),
    "_url": set(),
    "v1": set(),
    "_codegen": {"_version"},
    "operation": set(),
    "errors": {"operation"},
    "_payload": set(),
    "frame": {"operation", "errors", "_payload", "v1"},
    "callback_url": {"errors", "_url"},
    "sigv4": {"errors", "_url"},
    "transport": CORE | {"sigv4"},
    "server": CORE | {"transport"},
    "aws_lambda": {"_log", "_functions", "server", "frame", "errors", "operation", "callback_url"},
    "client": {"_version", "_log", "_functions", "operation", "frame", "errors", "sigv4"},
    "schema": {"operation"},
    "gateway": {"_version", "operation", "frame", "errors", "schema"},
    "cdk": {"operation", "errors", "callback_url", "schema"},
    "plugin": {"_version", "_codegen", "v1", "operation", "schema"},
    "testing": {"_closing", "transport", "frame", "errors", "operation", "callback_url", "gateway"},
    "__init__": {"_version", "errors", "operation", *LAZY},
}
FROM_THE_TOP_DOWN = {
    "gateway": (
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
    ),
    "client": (
        "__init__",
        "client",
        "_io",
        "_core",
        "iam",
        "options",
        "auth",
        "_clock",
        "events",
        "errors",
    ),
}
"""The modules and sub-packages of a package; each may import those after it."""


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def packages() -> list[str]:
    names = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))
    }
    return sorted(names)


def test_every_package_is_on_the_list() -> None:
    assert set(packages()) - {"cli"} == set(MAY_IMPORT)


@pytest.mark.parametrize("package", [package for package in packages() if package != "cli"])
def test_imports_run_one_way(package: str) -> None:
    folder = PACKAGE / package
    files = folder.rglob("*.py") if folder.is_dir() else [PACKAGE / f"{package}.py"]
    for path in files:
        for name in imported(path):
            if not name.startswith("pushwire."):
                continue
            other = name.split(".")[1]
            if other[0].isupper():  # `from pushwire import Operation`
                other = "__init__"
            assert other == package or other in MAY_IMPORT[package], f"{path.relative_to(PACKAGE)} imports {name}"


@pytest.mark.parametrize("package", FROM_THE_TOP_DOWN)
def test_imports_inside_a_package_run_from_the_top_down(package: str) -> None:
    layers = FROM_THE_TOP_DOWN[package]
    for path in (PACKAGE / package).rglob("*.py"):
        layer = path.relative_to(PACKAGE / package).parts[0].removesuffix(".py")
        for name in imported(path):
            if name.startswith(f"pushwire.{package}."):
                other = name.split(".")[2]
                assert layers.index(layer) <= layers.index(other), f"{path.relative_to(PACKAGE)} imports {name}"


def test_the_core_of_the_client_does_no_io() -> None:
    for name in ("_core", "errors", "events", "_clock", "auth", "options"):
        folder = PACKAGE / "client" / name
        for path in folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]:
            packages = {name.split(".")[0] for name in imported(path)}
            assert packages.isdisjoint({"asyncio", "websockets", "socket"}), path.relative_to(PACKAGE)


@pytest.mark.parametrize(
    ("module", "not_loaded"),
    [
        ("pushwire.server", "boto3 botocore websockets asyncio ssl aws_cdk"),
        ("pushwire.aws_lambda", "boto3 botocore websockets asyncio ssl aws_cdk aws_lambda_powertools"),
        ("pushwire.schema", "boto3 botocore websockets asyncio ssl aws_cdk google.protobuf.json_format"),
        ("pushwire.testing", "boto3 botocore websockets asyncio ssl pytest httptools"),
        ("pushwire.transport", "boto3 botocore websockets asyncio ssl socket hmac aws_cdk"),
        pytest.param(
            "pushwire.client",
            "boto3 botocore aws_cdk httptools pushwire.server pushwire.aws_lambda pushwire.gateway",
            marks=pytest.mark.extra("websockets"),
        ),
        ("pushwire.sigv4", "boto3 botocore asyncio ssl socket"),
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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.extra("boto3")
def test_the_lazy_names_of_connections_are_there_and_no_other() -> None:
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
