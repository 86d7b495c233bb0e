"""Docstrings of public functions, methods and classes agree with the code: arguments, exceptions, first lines."""

import ast
import builtins
import enum
import importlib
import importlib.util
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, is_typeddict

import pytest

pytestmark = pytest.mark.repository

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    line.split()[1]
    for page in (ROOT / "docs/api").glob("*.md")
    for line in page.read_text(encoding="utf-8").splitlines()
    if line.startswith("::: ")
)
"""The modules of the API reference."""
CHECKED = [name for name in PACKAGES if name != "pushwire.cdk" or importlib.util.find_spec("aws_cdk") is not None]
"""The modules that can be imported here. `scripts/test --all` runs this file also where aws-cdk-lib is installed."""
MADE_BY_PUSHWIRE = {
    "AsyncBind",
    "AsyncBindConnect",
    "AsyncBindReply",
    "AsyncConnectionsView",
    "AsyncGatewayClient",
    "AsyncRunningGateway",
    "BaseServerSdk",
    "Bind",
    "BindConnect",
    "BindReply",
    "ConnectRequest",
    "ConnectionsView",
    "DisconnectRequest",
    "GatewayClient",
    "Injection",
    "Request",
    "RunningGateway",
}
"""Classes that applications receive and do not construct. Their docstrings do not have the constructor's arguments."""

SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Yields|Example|Examples):$", re.MULTILINE)
ENTRY = re.compile(r"^ {4}(\*{0,2}[\w.]+):", re.MULTILINE)
DEFAULT = re.compile(r"^ {4}(\w+):(?:(?!^ {4}\w+:)[\s\S])*?\bDefaults to ([\d,]*\d(?:\.\d+)?)", re.MULTILINE)
NOT_IMPERATIVE = re.compile(r"(The|A|An|This|It)\b|[A-Z][a-z]*[^s\W]s\b|[A-Z][a-z]*(ed|ing)\b")


class Documented(NamedTuple):
    """A public object with its docstring.

    Attributes:
        name: Its qualified name, with the module.
        value: The object.
        owner: The class that it is a member of; `None` for a name of a module.
    """

    name: str
    value: Any
    owner: type | None


def entries(docstring: str, section: str) -> list[str]:
    """Return the names that a section of a docstring describes."""
    parts = SECTION.split(inspect.cleandoc(docstring))
    return [
        name.lstrip("*")
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
        if title == section
        for name in ENTRY.findall(text)
    ]


def public_objects() -> Iterator[Documented]:
    """Yield the functions, classes, methods and properties of the checked modules, each once."""
    seen: set[int] = set()
    for module_name in CHECKED:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            value = getattr(module, name)
            if not (inspect.isclass(value) or inspect.isfunction(value)) or id(value) in seen:
                continue
            seen.add(id(value))
            yield Documented(f"{module_name}.{name}", value, None)
            if inspect.isclass(value):
                for member in members(value):
                    function = member.value.fget if isinstance(member.value, property) else member.value
                    if id(function) not in seen:
                        seen.add(id(function))
                        yield member._replace(name=f"{module_name}.{member.name}")


def members(cls: type) -> Iterator[Documented]:
    """Yield the public methods and properties that a class has from Pushwire."""
    for base in cls.__mro__:
        if base.__module__.startswith("pushwire."):
            for name, value in vars(base).items():
                function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
                # Why not tests: the name of a test says what it does, and pytest passes its arguments.
                if (not name.startswith(("_", "test_")) or name == "__call__") and (
                    inspect.isfunction(function) or isinstance(function, property)
                ):
                    yield Documented(f"{cls.__name__}.{name}", function, cls)


def parameters(function: Callable[..., Any]) -> list[str]:
    """Return the names of a function's parameters, without `self`, and without private ones."""
    names = [name for name in inspect.signature(function).parameters if name not in {"self", "cls"}]
    return [name for name in names if not name.startswith("_")]


@cache
def documented(kind: Callable[[object], bool] = lambda _value: True) -> list[Documented]:
    """Return the public objects of a kind."""
    return [each for each in public_objects() if kind(each.value)]


def failures(check: Callable[[Documented], None], objects: list[Documented]) -> list[str]:
    """Return what a check says of each object that it fails for. One test for each object would take a minute."""
    found: list[str] = []
    for each in objects:
        try:
            check(each)
        except AssertionError as error:
            found.append(f"{each.name}: {error}")
    return found


def test_every_public_name_has_a_docstring_whose_first_line_is_a_sentence() -> None:
    assert failures(check_first_line, documented()) == []


def check_first_line(each: Documented) -> None:
    docstring = each.value.__doc__
    assert docstring, "has no docstring"
    first, *rest = inspect.cleandoc(docstring).splitlines()
    assert first.endswith((".", ":")) or rest[:1] != [""], first
    if inspect.isfunction(each.value):
        assert not NOT_IMPERATIVE.match(first), f"does not begin with an imperative verb: {first}"


def test_the_arguments_of_a_docstring_are_those_of_the_signature() -> None:
    assert failures(check_arguments, documented(inspect.isfunction)) == []


def check_arguments(each: Documented) -> None:
    assert entries(each.value.__doc__ or "", "Args") == parameters(each.value)


def test_a_number_that_a_docstring_calls_the_default_is_the_default() -> None:
    assert failures(check_defaults, documented(lambda value: inspect.isfunction(value) or inspect.isclass(value))) == []


def check_defaults(each: Documented) -> None:
    if inspect.isclass(each.value) and (type(each.value).__call__ is not type.__call__ or is_typeddict(each.value)):
        return
    try:
        signature = inspect.signature(each.value)
    except ValueError:  # of an exception, or of a class without a constructor of its own
        return
    for name, number in DEFAULT.findall(inspect.cleandoc(each.value.__doc__ or "")):
        default = signature.parameters[name].default if name in signature.parameters else None
        if isinstance(default, int | float) and not isinstance(default, bool):
            assert default == float(number.replace(",", "")), name


def test_the_docstring_of_a_class_has_the_arguments_of_its_constructor() -> None:
    assert failures(check_constructor, documented(inspect.isclass)) == []


def check_constructor(each: Documented) -> None:
    cls = each.value
    described = entries(cls.__doc__, "Args"), entries(cls.__doc__, "Attributes")
    if issubclass(cls, Exception):  # whose subclasses share a constructor
        described[1].extend(name for base in cls.__mro__ for name in entries(base.__doc__ or "", "Attributes"))
    if is_typeddict(cls):
        (definition,) = ast.parse(inspect.getsource(cls)).body
        assert isinstance(definition, ast.ClassDef)
        own = [each.target for each in definition.body if isinstance(each, ast.AnnAssign)]
        assert described == ([], [target.id for target in own if isinstance(target, ast.Name)])
    elif issubclass(cls, enum.Enum) or getattr(cls, "_is_protocol", False) or cls.__name__ in MADE_BY_PUSHWIRE:
        assert described[0] == []
    else:
        # Why: the metaclass of CDK's constructs accepts any arguments.
        made = cls if type(cls).__call__ is type.__call__ else cls.__init__
        expected = parameters(made) if has_constructor(cls) else []
        assert set(described[0]) <= set(expected)
        assert [name for name in expected if name not in {*described[0], *described[1]}] == []


def has_constructor(cls: type) -> bool:
    """Return whether Pushwire defines a class's constructor."""
    return any(
        base.__module__.startswith("pushwire.") and ("__init__" in vars(base) or "__new__" in vars(base))
        for base in cls.__mro__
    )


def test_the_exceptions_of_a_docstring_exist() -> None:
    assert failures(check_exceptions, documented()) == []


def check_exceptions(each: Documented) -> None:
    for name in entries(each.value.__doc__ or "", "Raises"):
        found = exception(name)
        assert isinstance(found, type), name
        assert issubclass(found, BaseException), name


@cache
def exception(name: str) -> object:
    """Return the exception of a name: `ValueError`, `ClientError` of a public module, or `package.module.Error`."""
    module_name, _, last = name.rpartition(".")
    if module_name:
        return getattr(importlib.import_module(module_name), last, None)
    found: list[object] = [getattr(importlib.import_module(module), name, None) for module in CHECKED]
    return next((each for each in [getattr(builtins, name, None), *found] if each is not None), None)
