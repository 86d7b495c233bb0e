"""The conformance suite itself: anybody can run it against any gateway, and it fails where it should."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_rooms import imported

SUITE = Path(__file__).parent / "conformance"

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}

pytestmark = [pytest.mark.extra("aiobotocore"), pytest.mark.extra("boto3"), pytest.mark.extra("httptools")]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the suite as its readers do."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", str(SUITE), "-q", "-p", "no:cacheprovider", *arguments],
        cwd=SUITE.parents[1],
        env=CREDENTIALS,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_pushwire_is_known_to_one_file_alone() -> None:
    def knows(path: Path) -> bool:
        return any(name.partition(".")[0] == "pushwire" for name in imported(path))

    assert [path.name for path in SUITE.glob("*.py") if knows(path)] == ["ours.py"]


def test_the_app_needs_boto3_and_the_standard_library_alone() -> None:
    roots = {name.partition(".")[0] for name in imported(SUITE / "app.py")} - {"types_boto3_apigatewaymanagementapi"}
    assert roots - sys.stdlib_module_names == {"boto3", "botocore"}


@pytest.fixture
def urls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The options for a gateway of ours, which the suite then knows by its URLs alone."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    from pushwire.gateway import GatewaySettings
    from pushwire.testing import local_gateway
    from tests.conformance import app
    from tests.conformance.ours import running

    with running(GatewaySettings(stage="test")) as main, local_gateway(routes={"report": app.handler}) as bare:
        yield ["--gateway-url", main.url, "--bare-gateway-url", bare.url]


def test_a_gateway_passes_by_its_urls_and_what_it_cannot_show_is_skipped_with_the_reason(urls: list[str]) -> None:
    done = run(*urls)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "needs a clock that can be set ahead, or --slow" in done.stdout
    assert "needs a custom domain: --custom-domain-gateway-url" in done.stdout


def test_a_gateway_that_is_not_as_aws_is_fails_with_the_source_of_the_fact(urls: list[str]) -> None:
    main = urls[1].rpartition("/")[0]
    done = run("--gateway-url", f"{main}/another-stage", "-k", "plain_get", "--patience", "2")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "source of this fact" in done.stdout
    assert "captured on the real service" in done.stdout


def test_where_the_app_is_not_deployed_the_run_says_so_and_ends_soon() -> None:
    from pushwire.testing import local_gateway

    with local_gateway(lambda _event, _context: {"statusCode": 200}) as gateway:
        done = run("--gateway-url", gateway.url, "--patience", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the app there does not report to its clients" in done.stdout
