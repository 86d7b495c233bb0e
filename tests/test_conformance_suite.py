"""The conformance suite itself: it runs against any gateway, and it fails for a gateway with faults."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_layers import imports_of

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "tests" / "conformance"
README = (SUITE / "README.md").read_text()
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}

pytestmark = [
    pytest.mark.repository,
    *(pytest.mark.extra(package) for package in ("aiobotocore", "boto3", "httptools")),
]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the suite as its readers do."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT,
        env=CREDENTIALS,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_pages_tell_how_many_facts_there_are() -> None:
    facts = sum(len(re.findall(r"^@source\(", path.read_text(), re.MULTILINE)) for path in SUITE.glob("test_*.py"))
    assert README.count(f" {facts} facts") == 1
    assert (ROOT / "docs" / "gateway.md").read_text().count(f" {facts} facts") == 1


def test_the_readme_names_every_option() -> None:
    from tests.conformance.conftest import URLS

    declared = re.findall(r'addoption\(\s*"(--[a-z-]+)"', (SUITE / "conftest.py").read_text())
    urls = [f"--{name}-url" for name in URLS]
    assert len(declared) == 4
    assert [option for option in [*declared, *urls] if f"`{option}`" not in README] == []


def test_pushwire_is_known_to_one_file_alone() -> None:
    def knows(path: Path) -> bool:
        return any(name.partition(".")[0] == "pushwire" for name, _ in imports_of(path))

    assert [path.name for path in SUITE.glob("*.py") if knows(path)] == ["ours.py"]


def test_the_app_needs_boto3_and_the_standard_library_alone() -> None:
    roots = {name.partition(".")[0] for name, _ in imports_of(SUITE / "app.py")} - {
        "types_boto3_apigatewaymanagementapi"
    }
    assert roots - sys.stdlib_module_names == {"boto3", "botocore"}


@pytest.fixture
def urls(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """A gateway of ours, which the suite then knows by its URLs alone: one with all routes, one with a single one."""
    from pushwire.testing import local_gateway
    from tests.conformance import app
    from tests.conformance.ours import running

    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with running() as main, local_gateway(routes={"report": app.handler}) as bare:
        yield main.url, bare.url


@pytest.mark.at_length
def test_a_gateway_passes_by_its_urls_as_the_readme_tells(urls: tuple[str, str]) -> None:
    main, bare = urls
    line = re.findall(r"^pytest (tests/conformance .*)$", README, re.MULTILINE)[0]
    told = [main if word.startswith("ws://") else word for word in shlex.split(line)]
    assert main in told
    done = run(*told, "--bare-gateway-url", bare)
    assert done.returncode == 0, done.stdout + done.stderr
    # What it cannot show is skipped, and the summary says what it would need.
    assert "needs a clock that can be set ahead, or --slow" in done.stdout
    assert "needs a custom domain: --custom-domain-gateway-url" in done.stdout


@pytest.mark.at_length
def test_a_gateway_that_is_not_as_aws_is_fails_with_the_source_of_the_fact(urls: tuple[str, str]) -> None:
    host = urls[0].rpartition("/")[0]
    done = run("tests/conformance", "--gateway-url", f"{host}/no-such-stage", "-k", "plain_get", "--patience", "2")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "source of this fact" in done.stdout
    assert "captured on the real service: end-to-end tests of serverless-offline" in done.stdout


@pytest.mark.at_length
def test_where_the_app_is_not_deployed_the_run_says_so_and_ends_soon() -> None:
    from pushwire.testing import local_gateway

    with local_gateway(lambda _event, _context: {"statusCode": 200}) as gateway:
        done = run("tests/conformance", "--gateway-url", gateway.url, "--patience", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the app there does not report to its clients" in done.stdout
