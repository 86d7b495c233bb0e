from collections.abc import Callable
from typing import Any

import pytest

from tests.aws_lambda.world import FORMS


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return a function that makes a router of a desk: with a handler class or with decorators, sync and async."""
    made: Callable[..., Any] = request.param
    return made
