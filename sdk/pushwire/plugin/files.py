"""The files of the response: for each contract, one of each target."""

from collections.abc import Callable
from typing import NamedTuple

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorResponse

from pushwire.plugin import names
from pushwire.plugin.emitters import client, server
from pushwire.plugin.model import Contract, Model
from pushwire.plugin.parameters import Parameters

__all__ = ["DEFAULT_TARGETS", "TARGETS", "Target", "files"]


class Target(NamedTuple):
    """Something to generate.

    Attributes:
        suffix: What the module's name ends in.
        emit: Prints the module of a contract.
    """

    suffix: str
    emit: Callable[[Contract, Parameters], str]

    def module(self, file: str) -> str:
        """The dotted name of the module generated for a `.proto` file."""
        return names.module(file, self.suffix)


TARGETS = {"server": Target("_pushwire", server.emit), "client": Target("_pushwire_client", client.emit)}
"""All targets, by the names that the option `targets` takes."""

DEFAULT_TARGETS = ("server", "client")
"""What is generated unless the option says otherwise."""


def files(model: Model, parameters: Parameters) -> list[CodeGeneratorResponse.File]:
    """Print everything that was asked for, of a model without problems."""
    return [
        CodeGeneratorResponse.File(
            name=f"{target.module(contract.file).replace('.', '/')}.py",
            content=target.emit(contract, parameters),
        )
        for contract in model.contracts
        for target in map(TARGETS.__getitem__, parameters.targets)
    ]
