"""Credentials from botocore's chain: profiles, and temporary credentials that are refreshed before they expire."""

import itertools
import sys
import threading
from pathlib import Path

import pytest
from botocore.session import Session

import pushwire
from pushwire.sigv4 import CredentialChain, Credentials

# Prints the temporary credentials AKID1, AKID2, …, which expire after some minutes; the argument `fail` makes it fail.
PROCESS = """
import datetime, json, pathlib, sys
counter = pathlib.Path(sys.argv[1])
number = int(counter.read_text()) + 1
counter.write_text(str(number))
minutes = float(sys.argv[2])
if number > int(sys.argv[3]):
    sys.exit("the vault is closed")
expiration = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
print(json.dumps({
    "Version": 1, "AccessKeyId": f"AKID{number}", "SecretAccessKey": "secret", "SessionToken": f"token{number}",
    "Expiration": expiration.isoformat(),
}))
"""


class Vault:
    """A `credential_process` in the default profile, which counts its runs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._counter = folder / "counter"

    def opens(self, *, minutes: float, times: int = 1_000_000) -> None:
        """Set the lifetime of the credentials, and the number of successful runs."""
        script = self._folder / "vault.py"
        script.write_text(PROCESS)
        self._counter.write_text("0")
        config = self._folder / "config"
        config.write_text(
            f"[default]\ncredential_process = {sys.executable} {script} {self._counter} {minutes} {times}\n"
        )
        self._monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    @property
    def runs(self) -> int:
        return int(self._counter.read_text())


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    return Vault(tmp_path, monkeypatch)


def test_the_profiles_credentials_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text("[default]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    chain = CredentialChain(Session, default=None)
    assert not chain.is_ready()
    assert chain.load() == Credentials("AKIDPROFILE", "secret")
    assert chain.is_ready()


def test_temporary_credentials_are_kept_while_they_last(vault: Vault) -> None:
    vault.opens(minutes=60)
    chain = CredentialChain(Session, default=None)
    assert [chain.load().token for _ in range(3)] == ["token1"] * 3
    assert vault.runs == 1
    assert chain.is_ready()


def test_they_are_refreshed_ahead_of_their_expiry_while_the_old_ones_are_used(vault: Vault) -> None:
    vault.opens(minutes=5)
    chain = CredentialChain(Session, default=None)
    first = chain.load()
    assert chain.is_ready()
    assert chain.load() == first
    for thread in threading.enumerate():
        if thread.name == "pushwire-credentials":
            thread.join(30)
    second = chain.load()
    assert second != first
    assert chain.is_ready()


def test_a_refresh_ahead_of_the_expiry_that_fails_leaves_the_old_ones(vault: Vault) -> None:
    vault.opens(minutes=5, times=2)
    chain = CredentialChain(Session, default=None)
    first = chain.load()
    for _ in range(2):
        assert chain.load() == first
        for thread in threading.enumerate():
            if thread.name == "pushwire-credentials":
                thread.join(30)


def test_they_are_waited_for_when_the_old_ones_are_about_to_expire(vault: Vault) -> None:
    vault.opens(minutes=0.5)
    chain = CredentialChain(Session, default=None, clock=itertools.count(100.0, 10.0).__next__)
    assert [chain.load().token for _ in range(3)] == ["token2", "token3", "token4"]
    assert not chain.is_ready()


def test_credentials_that_expire_within_a_minute_are_used_for_some_seconds(vault: Vault) -> None:
    vault.opens(minutes=0.5)
    now = 100.0
    chain = CredentialChain(Session, default=None, clock=lambda: now)
    chain.load()
    now += 4.9
    assert chain.is_ready()
    now += 0.2
    assert not chain.is_ready()


def test_a_refresh_that_fails_is_an_error_of_credentials(vault: Vault) -> None:
    vault.opens(minutes=0.5, times=2)
    now = 100.0
    chain = CredentialChain(Session, default=None, clock=lambda: now)
    chain.load()
    now += 5.0
    with pytest.raises(pushwire.CredentialsError, match="the vault is closed") as caught:
        chain.load()
    assert caught.value.__cause__ is not None


def test_a_profile_that_does_not_exist_is_an_error_of_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(pushwire.CredentialsError, match="nobody"):
        CredentialChain(Session, default=None).load()


def test_what_was_not_found_is_not_looked_for_again_at_once() -> None:
    now = [100.0]
    sessions: list[Session] = []

    def session() -> Session:
        sessions.append(Session())
        return sessions[-1]

    chain = CredentialChain(session, default=None, clock=lambda: now[0])
    for now[0] in (100.0, 101.0, 104.9):
        with pytest.raises(pushwire.CredentialsError, match="role or a profile"):
            chain.load()
        assert chain.is_ready()
    assert len(sessions) == 1
    now[0] = 105.0
    assert not chain.is_ready()
    with pytest.raises(pushwire.CredentialsError, match="role or a profile"):
        chain.load()
    assert len(sessions) == 2


def test_credentials_that_appear_in_the_environment_count_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = CredentialChain(Session, default=None)
    with pytest.raises(pushwire.CredentialsError):
        chain.load()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDLATER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert chain.load() == Credentials("AKIDLATER", "secret")
