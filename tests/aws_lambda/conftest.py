from collections.abc import Callable
from typing import Any

import pytest

from pushwire.testing.fixtures import pushwire_connections
from tests.aws_lambda.world import FORMS

__all__ = ["form", "pushwire_connections"]


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Makes a router of a desk: with a class given, and with each function by a decorator, sync and async."""
    made: Callable[..., Any] = request.param
    return made
