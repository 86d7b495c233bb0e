"""`module:attribute` loads a handler; other names are errors."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pushwire import PushwireError
from pushwire.gateway import HandlerLoadError, load_handler

MODULE = """
class Router:
    def handler(self, event, context): return "nested"
    async def late(self, event, context): ...
    def __call__(self, event, context): return "called"

class AsyncRouter:
    async def __call__(self, event, context): ...

def handler(event, context): return "plain"
async def async_handler(event, context): ...
router = Router()
async_router = AsyncRouter()
not_callable = 5
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    (tmp_path / "users_app.py").write_text(MODULE)
    importlib.invalidate_caches()
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("path", "result"),
    [("users_app:handler", "plain"), ("users_app:router", "called"), ("users_app:router.handler", "nested")],
)
def test_a_function_an_object_and_a_method_are_handlers(project: Path, path: str, result: str) -> None:
    assert load_handler(path)({}, None) == result


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("users_app", "expected module:attribute, such as chat_app:handler"),
        ("users_app.py:handler", "module 'users_app.py' is neither"),
        ("users_app:", "expected module:attribute"),
        ("a b:c", "expected module:attribute"),
        ("users_app:missing", "module 'users_app' has no attribute 'missing'"),
        ("users_app:router.missing", "'Router' object has no attribute 'missing'"),
        ("users_app:Router", "'Router' is a class; name an instance"),
        ("users_app:not_callable", "'int' object is not callable"),
        ("users_app:async_handler", "async function"),
        ("users_app:async_router", "async function"),
        ("users_app:router.late", "async function"),
        ("no_such_module_here:handler", "module 'no_such_module_here' is neither"),
        ("users_app.deeper:handler", "module 'users_app.deeper' is neither"),
    ],
)
def test_anything_else_is_refused_with_the_reason(project: Path, path: str, words: str) -> None:
    with pytest.raises(HandlerLoadError) as caught:
        load_handler(path)
    assert words in str(caught.value)
    assert str(caught.value).startswith(path)
    assert caught.value.user_traceback == ""
    assert isinstance(caught.value, PushwireError)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = 1\n1 / 0\n", "ZeroDivisionError: division by zero"),
        ("import not_installed_anywhere\n", "No module named 'not_installed_anywhere'"),
        ("def broken(:\n", "SyntaxError"),
        ("import sys; sys.exit(4)\n", "SystemExit: 4"),
    ],
)
def test_a_module_that_fails_shows_its_own_traceback_without_ours(project: Path, source: str, words: str) -> None:
    (project / "failing_app.py").write_text(source)
    importlib.invalidate_caches()
    with pytest.raises(HandlerLoadError, match="importing 'failing_app' failed") as caught:
        load_handler("failing_app:handler")
    assert words in str(caught.value)
    assert "failing_app.py" in caught.value.user_traceback
    assert "importlib" not in caught.value.user_traceback
    assert "loading.py" not in caught.value.user_traceback
