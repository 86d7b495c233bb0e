"""What every test starts from: no AWS account, no credentials, no settings of the machine it runs on.

The suite also runs where extras are missing: tests of what is not installed are left out, and the header says which.
"""

import gc
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.tools import COVERAGE, measured

pytest_plugins = ["pushwire.testing.fixtures", "tests.support.made_once"]

# By hand, property tests look for new examples each time; scripts/test repeats the same ones, so that it is never green
# and red for one commit.
# A loaded machine takes long for the first examples.
SLOW = [HealthCheck.too_slow]
settings.register_profile("by-hand", deadline=None, suppress_health_check=SLOW)
settings.register_profile("repeatable", deadline=None, suppress_health_check=SLOW, derandomize=True, max_examples=50)
settings.register_profile("brief", deadline=None, suppress_health_check=SLOW, derandomize=True, max_examples=25)
settings.load_profile("by-hand")

TESTS = Path(__file__).parent
SENDING = ["server/test_sending_through_the_local_gateway.py"]
CLIENTS = [
    *("a_thousand_drops", "auth", "closing", "hooks", "keepalive", "one_event_loop", "receiving", "sending"),
    *("several_services", "staying_connected", "the_faults_of_pdk", "confirmed_sends", "requests"),
]
"""What is tested of clients through the local gateway."""
NEEDS = {
    "aiobotocore": ["conformance"],
    "aws_cdk": ["cdk"],
    "awslambdaric": ["aws_lambda/test_in_the_run_time_of_lambda.py"],
    "boto3": [
        "test_arguments.py",
        "test_forks.py",
        "aws_lambda/test_against_the_local_gateway.py",
        "aws_lambda/test_routers_with_a_store.py",
        "conformance",
        "transport/http/test_requests_against_botocore.py",
        "transport/boto3/test_broadcasts.py",
        "transport/boto3/test_errors_and_clients.py",
        "transport/test_through_the_local_gateway.py",
        "sigv4/test_against_botocore.py",
        "sigv4/test_presigner.py",
        "sigv4/test_the_chain_of_botocore.py",
        *SENDING,
    ],
    "httptools": [
        "test_arguments.py",
        "aws_lambda/test_against_the_local_gateway.py",
        "aws_lambda/test_routers_with_a_store.py",
        *(f"client/test_{name}.py" for name in CLIENTS),
        "conformance",
        "transport/test_through_the_local_gateway.py",
        "gateway",
        "sigv4/test_presigner.py",
        *SENDING,
    ],
    "websockets": ["client", "test_arguments.py"],
    "flask": ["fanout/test_through_the_local_gateway.py", "transport/test_against_moto.py"],
    "cfnlint": ["docs/test_the_deploy_page.py", "docs/test_the_fanout_page.py"],
    "jsonschema": ["schema"],
    "selenium": ["docs/test_the_browser_page.py", "gateway/test_the_console_in_a_browser.py"],
    "ruamel": ["cli", "docs", "test_newcomer.py"],
    "mypy_protobuf": ["codegen", "plugin", "docs", "test_chat_example.py", "test_demo.py", "test_newcomer.py"],
    "moto": ["fanout", "store", "test_chat_example.py", "test_demo.py", "transport/test_against_moto.py"],
}
"""What is tested of packages that extras bring, or by packages of the development set."""


def missing() -> Iterator[str]:
    yield from (package for package in NEEDS if importlib.util.find_spec(package) is None)


def pytest_report_header() -> list[str]:
    return [f"without {package}: left out {', '.join(NEEDS[package])}" for package in missing()]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    left_out = {TESTS / name for package in missing() for name in NEEDS[package]}
    return True if collection_path in left_out else None


@settings(max_examples=1, database=None)
@given(st.none())
def first_example(_nothing: None) -> None:
    """Has hypothesis make what it makes once, and looks for among all objects."""


def pytest_collection_finish() -> None:
    first_example()
    gc.collect()
    gc.freeze()  # thousands of tests and all they import: nothing that each search for garbage has to look through


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("extra"):
        if importlib.util.find_spec(mark.args[0]) is None:
            pytest.skip(f"{mark.args[0]} is not installed")


@pytest.fixture(autouse=True, scope="session")
def no_coverage_of_programs() -> None:
    for name in COVERAGE:
        os.environ.pop(name, None)


@pytest.fixture
def measured_programs() -> Iterator[None]:
    with measured():
        yield


@pytest.fixture(autouse=True)
def no_aws_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in os.environ:
        if name.startswith(("AWS_", "PUSHWIRE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    nowhere = Path(os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere))
    # Never ask this machine's network for an instance role.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    if "boto3" in sys.modules:  # a default session that another test has made keeps that test's credentials
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
