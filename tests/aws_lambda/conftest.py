from collections.abc import Callable
from typing import Any

import pytest

from tests.aws_lambda.world import FORMS


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Makes a router of a desk: with a class given, and with each function by a decorator, sync and async."""
    made: Callable[..., Any] = request.param
    return made
