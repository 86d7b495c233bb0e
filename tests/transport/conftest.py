"""What the tests of connections share: all implementations of them, and an authority for TLS."""

from collections.abc import Iterator

import pytest
from tests.support.authority import Authority
from tests.transport.implementations import NAMES, Implementation


@pytest.fixture(
    params=[
        pytest.param(name, id=name, marks=[pytest.mark.extra("boto3")] if "boto3" in name else []) for name in NAMES
    ]
)
def implementation(request: pytest.FixtureRequest) -> Iterator[Implementation]:
    """Each of them in turn."""
    opened = Implementation(request.param)
    yield opened
    opened.close()


@pytest.fixture(params=["http", "async http"])
def http(request: pytest.FixtureRequest) -> Iterator[Implementation]:
    """Each of our own HTTP in turn."""
    opened = Implementation(request.param)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Certificate authority that clients trust only if they are configured to."""
    return Authority(tmp_path_factory.mktemp("authority"))
