"""The store that `PUSHWIRE_STORE` names."""

from pathlib import Path

import pytest

from pushwire.store import DynamoDBStore, SqliteStore, StoreError, store_from_environment


def test_it_names_a_file_of_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUSHWIRE_STORE", f"sqlite:{tmp_path}/a:b.sqlite")
    store = store_from_environment()
    assert isinstance(store, SqliteStore)
    store.connect("id", user="ada")
    store.close()
    with SqliteStore(tmp_path / "a:b.sqlite") as other:
        assert list(other.of_user("ada")) == ["id"]


def test_it_names_a_table_of_dynamodb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("PUSHWIRE_STORE", "dynamodb:connections")
    store = store_from_environment()
    assert isinstance(store, DynamoDBStore)
    assert store._table._name == "connections"


@pytest.mark.parametrize("value", ["", "connections", "sqlite:", "dynamodb:", "redis:localhost"])
def test_any_other_value_is_an_error_with_the_remedy(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if value:
        monkeypatch.setenv("PUSHWIRE_STORE", value)
    with pytest.raises(StoreError, match=r"PUSHWIRE_STORE is .*; set it to dynamodb:TABLE or sqlite:PATH"):
        store_from_environment()
