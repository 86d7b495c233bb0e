"""The options of the conformance suite, and the fixtures of its tests."""

import os
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from tests.conformance.clients import App, Clients, Watchers
from tests.conformance.management import Aiobotocore, Boto3, Http, Management
from tests.conformance.target import Remote, Stage, Target

URLS = {
    "gateway": ("main", "an API with the app on its routes"),
    "bare-gateway": ("bare", "an API with the route `report` and no other"),
    "authorized-gateway": ("authorized", "an API with the app's authorizer on $connect"),
    "custom-domain-gateway": ("custom_domain", "the first API on a custom domain with a mapping key"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "the gateway under test (default: Pushwire's gateway, in this process)")
    for name, (_, what) in URLS.items():
        group.addoption(f"--{name}-url", metavar="WS", help=f"the URL of {what}")
        callback = name.replace("gateway", "callback")
        group.addoption(
            f"--{callback}-url", metavar="HTTP", help="its callback URL (default: the same URL with http instead of ws)"
        )
    group.addoption("--region", default="us-east-1", help="the region of signatures (default: us-east-1)")
    group.addoption("--signatures", action="store_true", help="the gateway checks signatures")
    group.addoption("--slow", action="store_true", help="also test time-outs, the idle limit and the lifetime")
    group.addoption(
        "--patience", type=float, default=10.0, metavar="SECONDS", help="seconds to wait for a response (default: 10)"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "source(*sources): the sources of the fact of a conformance test")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "conformance" and item.get_closest_marker("source") is None:
            raise pytest.UsageError(f"{item.nodeid} has no source; add @source(…)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    mark = item.get_closest_marker("source")
    if report.failed and mark is not None:
        report.sections.append(("source of this fact", "\n".join(mark.args)))
    return report


@pytest.fixture(autouse=True)
def no_aws_settings() -> None:
    """Override the fixture of the same name, which removes credentials that a gateway in AWS needs."""


@pytest.fixture(scope="package")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    def option(name: str, default: Any = None) -> Any:
        return request.config.getoption(name.replace("-", "_"), default)

    if option("gateway-url") is None:
        with pytest.MonkeyPatch.context() as environment:
            yield from ours(environment, option("patience", 10.0))
    else:
        yield remote(option)


def remote(option: Callable[[str], Any]) -> Target:
    stages = {
        method: Stage.at(option(f"{name}-url"), option(f"{name.replace('gateway', 'callback')}-url"))
        for name, (method, _) in URLS.items()
        if option(f"{name}-url") is not None
    }
    return Remote(
        stages,
        region=option("region"),
        patience=option("patience"),
        signatures=option("signatures"),
        slow=option("slow"),
    )


def ours(environment: pytest.MonkeyPatch, patience: float) -> Iterator[Target]:
    for name in os.environ:
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            environment.delenv(name)
    environment.setenv("AWS_ACCESS_KEY_ID", "any")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "any")
    environment.setenv("AWS_CONFIG_FILE", os.devnull)
    environment.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    from tests.conformance.ours import Ours

    with Ours(patience) as target:
        yield target


@pytest.fixture(scope="package")
def watchers(target: Target) -> Iterator[Watchers]:
    with Watchers(target.patience) as watchers:
        yield watchers


@pytest.fixture
def app(target: Target, watchers: Watchers) -> Iterator[App]:
    """Return the main stage."""
    with App(watchers.of(target.main())) as app:
        yield app


@pytest.fixture
def bare(target: Target) -> Iterator[Clients]:
    with Clients(target.bare(), target.patience) as clients:
        yield clients


@pytest.fixture(scope="package", params=[Boto3, Aiobotocore])
def management(request: pytest.FixtureRequest, target: Target) -> Iterator[Management]:
    """Return the management API of the main stage, with one SDK and then the other."""
    with request.param(target.main(), target) as client:
        yield client


@pytest.fixture(scope="package")
def http(target: Target) -> Iterator[Http]:
    client = Http(target)
    yield client
    client.close()
