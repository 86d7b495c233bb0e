"""The files of the response: those of each requested target."""

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
        suffix: The suffix of the module's name.
        emit: Returns the text of the module of a contract.
    """

    suffix: str
    emit: Callable[[Contract, Parameters], str]

    def module(self, file: str) -> str:
        """Return the dotted name of the module that is generated from a `.proto` file."""
        return names.module(file, self.suffix)

    def files(self, model: Model, parameters: Parameters) -> Iterator[File]:
        """Print the modules of all contracts."""
        for contract in model.contracts:
            path = f"{self.module(contract.file).replace('.', '/')}.py"
            yield File(name=path, content=self.emit(contract, parameters))


class Documents(NamedTuple):
    """Files other than modules to generate; any number for a contract.

    Attributes:
        emit: Returns the documents of all contracts, each as its path and its text.
    """

    emit: Callable[[Model, Parameters], Iterable[tuple[str, str]]]

    def files(self, model: Model, parameters: Parameters) -> Iterator[File]:
        """Print the documents of all contracts."""
        for path, text in self.emit(model, parameters):
            yield File(name=path, content=text)


def _documents(model: Model, parameters: Parameters) -> Iterable[tuple[str, str]]:
    from pushwire.plugin.emitters import documents  # Why here: it imports modules that no other target needs.

    return documents.emit(model, parameters)


TARGETS: dict[str, Target | Documents] = {
    "server": Target("_pushwire", server.emit),
    "client": Target("_pushwire_client", client.emit),
    "cdk": Target("_pushwire_cdk", cdk.emit),
    "schema": Documents(_documents),
}
"""All targets, by their names in the option `targets`."""

_OPTIONAL = {"cdk", "schema"}
"""The targets that are generated only on request."""

DEFAULT_TARGETS = tuple(name for name in TARGETS if name not in _OPTIONAL)
"""The targets that are generated if the option `targets` is not set."""

_OPERATIONS = Target(operations.SUFFIX, operations.emit)
"""Generated with each target that is a module, because all these modules import it."""

MODULE_SUFFIXES = [target.suffix for target in (_OPERATIONS, *TARGETS.values()) if isinstance(target, Target)]
"""The suffixes of the names of generated modules."""


def files(model: Model, parameters: Parameters) -> list[File]:
    """Return the files of all requested targets.

    Args:
        model: The contracts, without errors.
        parameters: The options of the run.

    Raises:
        RequestError: Documents were requested, and the installed protobuf cannot read a contract.
    """
    targets = [TARGETS[name] for name in parameters.targets]
    if any(isinstance(target, Target) for target in targets):
        targets.insert(0, _OPERATIONS)
    return [file for target in targets for file in target.files(model, parameters)]
