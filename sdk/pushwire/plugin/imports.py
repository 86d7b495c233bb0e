"""The names that a generated module imports, and the import lines for them."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

from pushwire.plugin import names
from pushwire.plugin.model import Message
from pushwire.plugin.printer import INDENT, bracketed

__all__ = ["DEPRECATED", "Imports", "Member", "MemberByReader"]


class Member(NamedTuple):
    """A member of a module of the run time or of Python's standard library."""

    module: str
    name: str


class MemberByReader(NamedTuple):
    """A member that type checkers import from one module, and Python from another."""

    for_checkers: str
    for_python: str
    name: str


DEPRECATED = MemberByReader("typing_extensions", "pushwire._codegen", "deprecated")
"""PEP 702's decorator; at run time, without a dependency and without a warning."""

_TYPE_CHECKING = Member("typing", "TYPE_CHECKING")
_PYTHON_OWN = ("abc", "builtins", "collections.abc", "typing")
_INSTALLED_PACKAGES = ("aws_cdk", "constructs", "google.protobuf", "pushwire")
"""Packages that are installed, so that their modules are always imported absolutely."""


class Imports:
    """Resolves names for one generated module, and collects its imports.

    An imported name that equals a name of the module's classes and methods would be hidden inside class bodies. It gets
    an alias with an underscore instead, which no rpc can have.

    Args:
        file: The `.proto` file that the module is generated from. The module of its messages keeps its own name.
        files: The `.proto` files of all messages that the module may use.
        taken: The names of the module's classes and methods.
        relative: Whether the contract's modules are imported relatively.

    Attributes:
        pyright_rules: The rules of pyright's strict mode that the used names violate.
    """

    def __init__(self, *, file: str, files: Iterable[str], taken: Collection[str], relative: bool) -> None:
        self.pyright_rules: set[str] = set()
        self._file = file
        self._package = names.message_module(file).split(".")[:-1]
        self._relative = relative
        self._taken = set(taken)
        self._modules = self._named_modules(names.message_module(file), map(names.message_module, files))
        self._names: dict[Member | MemberByReader | Message, str] = {}
        self._groups: tuple[_Group, _Group, _Group] = (_Group(), _Group(), _Group())
        self._for_checkers = _Branch()
        self._for_python = _Branch()

    def builtin(self, name: str) -> str:
        """Return the expression for a builtin, which rpcs may hide."""
        return f"{self._module('builtins')}.{name}" if name in self._taken else name

    def member(self, member: Member) -> str:
        """Import a member, and return its name in this module."""
        if member not in self._names:
            self._names[member] = self._free(member.name)
            self._group(member.module).add(member.module, member.name, self._names[member])
        return self._names[member]

    def member_by_reader(self, member: MemberByReader) -> str:
        """Import a member whose module differs between type checkers and Python, and return its name in this module."""
        if member not in self._names:
            self._names[member] = self._free(f"_{member.name}")
            self._for_checkers.imports.add(member.for_checkers, member.name, self._names[member])
            self._for_python.imports.add(member.for_python, member.name, self._names[member])
        return self._names[member]

    def generated(self, suffix: str, name: str) -> str:
        """Import a class of another module that is generated from the same file, and return its name."""
        module = names.module(self._file, suffix)
        self._groups[-1].add(self._relative_module(module) if self._relative else module, name, name)
        return name

    def message(self, message: Message) -> str:
        """Import the module of a message, and return the expression for the message's class."""
        module = self._module(names.message_module(message.file))
        keywords = names.KEYWORDS.intersection(message.path)
        if message.deprecated:
            self.pyright_rules.add("reportDeprecated")
        if keywords or any(part.startswith("_") for part in message.path):
            self.pyright_rules.add("reportPrivateUsage")
        if not keywords and not any(map(names.is_mangled, message.path)):
            return ".".join((module, *message.path))
        if message not in self._names:
            bound = f"_{module.lstrip('_')}_{'_'.join(message.path)}"
            self._names[message] = self._free(bound)
            self._bind(self._names[message], module, message.path)
        return self._names[message]

    def lines(self) -> list[str]:
        """Return the import lines of all used names, in groups with an empty line before each."""
        by_reader: list[str] = []
        if self._for_checkers.lines():
            by_reader = [f"if {self.member(_TYPE_CHECKING)}:", *self._for_checkers.lines()]
            by_reader += ["else:", *self._for_python.lines()]
        groups = [*(group.lines() for group in self._groups), by_reader]
        return [line for group in groups if group for line in ("", *group)]

    def _named_modules(self, own: str, others: Iterable[str]) -> dict[str, str]:
        """Choose the names of message modules. The module of this file keeps its last part; equal ones get aliases."""
        modules = sorted({own, *others})
        last_parts = Counter(module.rpartition(".")[2] for module in modules)
        named = {own: self._free(own.rpartition(".")[2])}
        for module in modules:
            last_part = module.rpartition(".")[2]
            if module not in named:
                shared = last_parts[last_part] > 1
                named[module] = self._free(names.qualified_module_alias(module) if shared else last_part)
        return named

    def _module(self, module: str) -> str:
        """Import a module, and return its name in this module."""
        if module not in self._modules:
            self._modules[module] = self._free(module)
        package, _, last_part = module.rpartition(".")
        group = self._group(module)
        if group is self._groups[-1] and self._relative:
            package = self._relative_module(package)
        group.add(package, last_part, self._modules[module])
        return self._modules[module]

    def _relative_module(self, package: str) -> str:
        parts = package.split(".") if package else []
        shared = 0
        while shared < min(len(parts), len(self._package)) and parts[shared] == self._package[shared]:
            shared += 1
        return "." * (len(self._package) - shared + 1) + ".".join(parts[shared:])

    def _group(self, module: str) -> "_Group":
        if module in _PYTHON_OWN:
            return self._groups[0]
        installed = any(f"{module}.".startswith(f"{package}.") for package in _INSTALLED_PACKAGES)
        return self._groups[1 if installed else 2]

    def _free(self, name: str) -> str:
        """Reserve and return a name: this one, or one with underscores if it is taken or mangled in class bodies."""
        if name in self._taken or names.is_mangled(name):
            name = f"_{name.lstrip('_')}"
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def _bind(self, name: str, module: str, path: Iterable[str]) -> None:
        """Assign a message to a name. Why: a keyword, or a name that is mangled in class bodies, cannot be written.

        The stubs of `protoc-gen-mypy` have the prefix `_r_` before keywords. Python reads them with `getattr`.
        """
        known = [f"_r_{part}" if part in names.KEYWORDS else part for part in path]
        self._for_checkers.bindings.append(f"{name} = {'.'.join((module, *known))}")
        value = module
        for part in path:
            if part in names.KEYWORDS:
                self._for_python.bindings.append(f'{name} = getattr({value}, "{part}")')
                value = name
            else:
                value = f"{value}.{part}"
        if value != name:
            self._for_python.bindings.append(f"{name} = {value}")


class _Group:
    """One group of import lines."""

    def __init__(self) -> None:
        self._modules: set[str] = set()
        self._members: dict[str, set[str]] = {}
        self._renamed: set[tuple[str, str]] = set()

    def add(self, package: str, name: str, alias: str) -> None:
        item = name if alias == name else f"{name} as {alias}"
        if not package:
            self._modules.add(item)
        elif alias == name:
            self._members.setdefault(package, set()).add(item)
        else:
            self._renamed.add((package, item))

    def lines(self) -> list[str]:
        modules = [f"import {item}" for item in sorted(self._modules)]
        members = [(package, sorted(items)) for package, items in self._members.items()]
        renamed = [(package, [item]) for package, item in self._renamed]
        return modules + [line for package, items in sorted(members + renamed) for line in _import(package, items)]


def _import(package: str, items: list[str]) -> list[str]:
    return bracketed(f"from {package} import {'' if len(items) == 1 else '('}", items, "" if len(items) == 1 else ")")


class _Branch:
    """The imports and assignments for type checkers, or those for Python."""

    def __init__(self) -> None:
        self.imports = _Group()
        self.bindings: list[str] = []

    def lines(self) -> list[str]:
        paragraphs = [paragraph for paragraph in (self.imports.lines(), self.bindings) if paragraph]
        lines = [line for paragraph in paragraphs for line in ("", *paragraph)][1:]
        return [INDENT + line if line else "" for line in lines]
