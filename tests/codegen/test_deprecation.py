"""`deprecated` options deprecate for type checkers; at run time they have no effect."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.codegen import toolchain

MODULE = "deprecations/deprecated_pushwire.py"
CLIENT_MODULE = "deprecations/deprecated_pushwire_client.py"


def marks(folder: Path, path: str) -> dict[str, str]:
    """Return the message of each PEP 702 deprecation in a module, by class or `Class.method`."""
    return dict(_marks(ast.parse((folder / path).read_bytes()), ""))


def _marks(outer: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, str]]:
    for node in outer.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _mark(f"{prefix}{node.name}", node.decorator_list).items()
        if isinstance(node, ast.ClassDef):
            yield from _marks(node, f"{prefix}{node.name}.")


def _mark(name: str, decorators: list[ast.expr]) -> dict[str, str]:
    for decorator in decorators:
        if isinstance(decorator, ast.Call):
            (message,) = decorator.args
            assert isinstance(message, ast.Constant)
            return {name: str(message.value)}
    return {}


def test_deprecated_rpcs_and_services_are_marked_and_nothing_else_is(absolute: Path) -> None:
    found = marks(absolute, MODULE)
    of_a_family = {
        "DeprecationRouter.retire_in_front",
        "DeprecationRouter.retire_received",
        "DeprecationServerSdk.retire",
        "DeprecationServerSdk.retire_behind",
        "DeprecationServerSdk.retire_in_front",
        "DeprecationBroadcast.retire",
        "DeprecationBroadcast.retire_behind",
        "DeprecationBroadcast.retire_in_front",
        "OldServerSdk",
    }
    assert found.keys() == of_a_family | {f"Async{name}" for name in of_a_family}
    assert found["DeprecationServerSdk.retire_behind"] == 'Use `SendCurrent`, "now" \\'
    assert found["DeprecationServerSdk.retire_in_front"].split() == ["Use", "`SendCurrent`:", "it", "is", "newer."]
    assert found["DeprecationRouter.retire_in_front"] == found["DeprecationServerSdk.retire_in_front"]
    assert "Retire" in found["DeprecationServerSdk.retire"]
    assert "OldService" in found["OldServerSdk"]


def test_what_a_client_may_leave_alone_is_marked_and_no_event_is(absolute: Path) -> None:
    found = marks(absolute, CLIENT_MODULE)
    sent, received = ["retire_received", "retire_in_front"], ["retire", "retire_behind", "retire_in_front"]
    assert found.keys() == {
        "OldClient",
        *(f"DeprecationClient.{method}" for method in sent),
        *(f"DeprecationClient.{way}_{method}" for way in ("on", "wait_for") for method in received),
    }
    assert found["DeprecationClient.on_retire_behind"] == 'Use `SendCurrent`, "now" \\'
    text = (absolute / CLIENT_MODULE).read_text(encoding="utf-8")
    assert "class DeprecationRetireEvent(Event[deprecated_pb2.Current]):" in text
    assert "Deprecated: Retire is deprecated." in text


@pytest.mark.usefixtures("importable")
def test_what_has_to_be_implemented_says_that_it_is_deprecated_without_a_mark() -> None:
    import inspect
    from importlib import import_module

    module = import_module("deprecations.deprecated_pushwire")
    for part, note in [
        (
            module.DeprecationHandlers.retire_received,
            "Handle `RetireReceived`.\n\nDeprecated: RetireReceived is deprecated.",
        ),
        (module.DeprecationHandlers.retire_in_front, "Deprecated: Use `SendCurrent`: it is newer."),
        (module.OldHandlers, "Deprecated: OldService is deprecated."),
        (module.OldRouter, "Deprecated: OldService is deprecated."),
    ]:
        assert (inspect.getdoc(part) or "").endswith(note)


def test_modules_without_deprecated_rpcs_do_not_speak_of_it(absolute: Path) -> None:
    text = (absolute / "chat/chat_pushwire.py").read_text(encoding="utf-8")
    assert "deprecated" not in text.casefold()


def test_only_modules_that_name_a_deprecated_message_switch_pyright_s_report_off(absolute: Path) -> None:
    paths = [path for path, text in toolchain.modules(absolute).items() if b"reportDeprecated" in text]
    assert paths == [
        f"deprecations/{file}_pushwire{target}.py"
        for file in ("deprecated", "old_file")
        for target in ("", "_client", "_operations")
    ]


def test_deprecated_methods_and_classes_are_silent_at_run_time(absolute: Path) -> None:
    code = """
from deprecations.deprecated_pb2 import Current, Old
from deprecations.deprecated_pushwire import DeprecationRouter, DeprecationServerSdk, OldRouter, OldServerSdk
from pushwire.testing import RecordingTransport
transport = RecordingTransport()
sdk = DeprecationServerSdk(transport=transport)
sdk.retire("id", Current()); sdk.retire_behind("id", Current()); sdk.retire_in_front("id", Current())
sdk.send_old("id", Old())
OldServerSdk(transport=transport).send_last("id", Current())
DeprecationRouter().retire_received(lambda request: None)
OldRouter()
print(len(transport.posts), OldServerSdk.__name__, OldServerSdk.__doc__.splitlines()[2].strip())
"""
    done = toolchain.python(code, absolute)
    assert (done.returncode, done.stdout, done.stderr) == (0, "5 OldServerSdk The whole service is deprecated.\n", "")


def test_marks_need_no_package_at_run_time(absolute: Path) -> None:
    code = "import deprecations.deprecated_pushwire, sys; print('typing_extensions' in sys.modules)"
    done = toolchain.python(code, absolute)
    assert (done.returncode, done.stdout) == (0, "False\n")


@pytest.mark.usefixtures("importable")
def test_marks_leave_signatures_as_they_are() -> None:
    import inspect
    from importlib import import_module

    sdk = import_module("deprecations.deprecated_pushwire").DeprecationServerSdk
    assert list(inspect.signature(sdk.retire).parameters) == ["self", "connection_id", "message"]
