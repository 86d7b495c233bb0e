"""The files of the response: of each target that was asked for."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorResponse

from pushwire.plugin import names
from pushwire.plugin.emitters import cdk, client, operations, server
from pushwire.plugin.model import Contract, Model
from pushwire.plugin.parameters import Parameters

__all__ = ["DEFAULT_TARGETS", "MODULE_SUFFIXES", "TARGETS", "Documents", "Target", "files"]

File: TypeAlias = CodeGeneratorResponse.File


class Target(NamedTuple):
    """A Python module to generate for each contract.

    Attributes:
        suffix: What the module's name ends in.
        emit: Prints the module of a contract.
    """

    suffix: str
    emit: Callable[[Contract, Parameters], str]

    def module(self, file: str) -> str:
        """The dotted name of the module generated for a `.proto` file."""
        return names.module(file, self.suffix)

    def files(self, model: Model, parameters: Parameters) -> Iterator[File]:
        """Print the modules of all contracts."""
        for contract in model.contracts:
            path = f"{self.module(contract.file).replace('.', '/')}.py"
            yield File(name=path, content=self.emit(contract, parameters))


class Documents(NamedTuple):
    """Other files to generate, any number for a contract.

    Attributes:
        emit: Prints the documents of all contracts: path and text of each.
    """

    emit: Callable[[Model, Parameters], Iterable[tuple[str, str]]]

    def files(self, model: Model, parameters: Parameters) -> Iterator[File]:
        """Print the documents of all contracts."""
        for path, text in self.emit(model, parameters):
            yield File(name=path, content=text)


def _documents(model: Model, parameters: Parameters) -> Iterable[tuple[str, str]]:
    from pushwire.plugin.emitters import documents  # with much that no other target needs

    return documents.emit(model, parameters)


TARGETS: dict[str, Target | Documents] = {
    "server": Target("_pushwire", server.emit),
    "client": Target("_pushwire_client", client.emit),
    "cdk": Target("_pushwire_cdk", cdk.emit),
    "schema": Documents(_documents),
}
"""All targets, by the names that the option `targets` takes."""

_OPTIONAL = {"cdk", "schema"}
"""Those that not every project has a use for."""

DEFAULT_TARGETS = tuple(name for name in TARGETS if name not in _OPTIONAL)
"""What is generated unless the option `targets` says otherwise."""

_OPERATIONS = Target(operations.SUFFIX, operations.emit)
"""Comes with each target that is a module, because they all import it."""

MODULE_SUFFIXES = [target.suffix for target in (_OPERATIONS, *TARGETS.values()) if isinstance(target, Target)]
"""What the names of generated modules end in."""


def files(model: Model, parameters: Parameters) -> list[File]:
    """Print everything that was asked for, of a model without problems.

    Raises:
        RequestError: Documents were asked for, and the installed protobuf cannot read a contract.
    """
    targets = [TARGETS[name] for name in parameters.targets]
    if any(isinstance(target, Target) for target in targets):
        targets.insert(0, _OPERATIONS)
    return [file for target in targets for file in target.files(model, parameters)]
