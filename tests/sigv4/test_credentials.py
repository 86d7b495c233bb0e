"""Credentials from the environment, without botocore."""

import subprocess
import sys

import pytest

import pushwire
from pushwire.sigv4 import CredentialChain, Credentials, environment_credentials


def no_session() -> None:
    return None


@pytest.fixture
def lambda_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")


@pytest.mark.usefixtures("lambda_environment")
def test_a_lambdas_environment_holds_all_three() -> None:
    assert environment_credentials() == Credentials("ASIAEXAMPLE", "secret", "token")


@pytest.mark.usefixtures("lambda_environment")
def test_long_lived_credentials_have_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SESSION_TOKEN")
    assert environment_credentials() == Credentials("ASIAEXAMPLE", "secret")


@pytest.mark.usefixtures("lambda_environment")
def test_half_of_them_is_an_error_that_names_the_other_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(pushwire.CredentialsError, match="AWS_SECRET_ACCESS_KEY"):
        environment_credentials()


def test_an_environment_without_them_leaves_the_chain_to_be_asked() -> None:
    assert environment_credentials() is None


@pytest.mark.usefixtures("lambda_environment")
def test_credentials_that_change_in_the_environment_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = CredentialChain(no_session, default=None)
    assert chain.load().access_key == "ASIAEXAMPLE"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAOTHER")
    assert chain.load().access_key == "ASIAOTHER"


def test_where_nothing_is_found_the_default_is_used() -> None:
    chain = CredentialChain(no_session, default=Credentials("local", "local"))
    assert not chain.is_ready()
    assert chain.load() == Credentials("local", "local")
    assert chain.is_ready()


def test_a_fork_in_the_middle_of_a_look_up_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = CredentialChain(no_session, default=Credentials("local", "local"))
    chain._lock.acquire()  # by a thread of the parent, which does not exist in the child
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert chain.load() == Credentials("local", "local")


def test_without_a_default_the_error_says_what_to_do() -> None:
    with pytest.raises(pushwire.CredentialsError, match=r"AWS_ACCESS_KEY_ID.*pushwire\[boto3\]"):
        CredentialChain(no_session, default=None).load()


@pytest.mark.usefixtures("lambda_environment")
def test_the_environments_credentials_load_no_sdk() -> None:
    code = (
        "import sys\n"
        "from pushwire.sigv4 import CredentialChain\n"
        "def session(): raise AssertionError\n"
        "chain = CredentialChain(session, default=None)\n"
        "assert chain.is_ready()\n"
        "print(chain.load().access_key, 'botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["ASIAEXAMPLE", "False"]
