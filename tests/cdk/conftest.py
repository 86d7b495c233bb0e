"""Fixtures: Node for CDK, the generated modules, and the app, each made once."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cdk import contracts
from tests.support.made_once import MakeOnce
from tests.support.node import node

if TYPE_CHECKING:
    from tests.cdk.world import World

# Why before the import of aws_cdk: the import starts Node.
os.environ.setdefault("JSII_NODE", node() or "node")
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")


@pytest.fixture(scope="session")
def generated(made_once: MakeOnce) -> Path:
    """Return the folder with the code that was generated for the contracts of these tests."""
    return made_once("cdk", contracts.generate)


@pytest.fixture(scope="session")
def world(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[World]":
    """Yield the app with the stacks of all tests, synthesized without an account."""
    from tests.cdk import world

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(generated), *sys.path])
        yield world.build(tmp_path_factory.mktemp("cdk.out"))
