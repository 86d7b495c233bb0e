"""What every test starts from: no AWS account, no credentials, no settings of the machine it runs on."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# By hand, property tests look for new examples each time; scripts/test repeats the same ones, so that it is never green
# and red for one commit.
settings.register_profile("by-hand", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("brief", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("by-hand")


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
