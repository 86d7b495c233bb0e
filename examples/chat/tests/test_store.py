"""The table of connections, in moto's DynamoDB."""

from typing import TYPE_CHECKING

from store import MAX_LIFETIME, Member, Store
from tests.conftest import Clock

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def test_a_users_connections_come_page_by_page(store: Store) -> None:
    # Why long names: a page of DynamoDB has at most 1 MB, and a few connections must fill several pages.
    long = "x" * 30_000
    ids = [f"{number:015}=" for number in range(80)]
    for connection_id in ids:
        store.connected(connection_id, "ada")
        store.join(connection_id, "lobby", long)
    assert sorted(store.of_user("ada")) == ids
    assert sorted(member.connection_id for member in store.in_room("lobby")) == ids


def test_what_is_forgotten_is_found_nowhere(store: Store) -> None:
    store.connected("a=", "ada")
    store.join("a=", "lobby", "Ada")
    store.forget("a=")
    store.forget("a=")
    assert list(store.of_user("ada")) == []
    assert list(store.in_room("lobby")) == []
    assert store.room_of("a=") is None


def test_a_connection_is_in_one_room_at_a_time(store: Store) -> None:
    store.connected("a=", "ada")
    store.join("a=", "lobby", "Ada")
    store.join("a=", "attic", "Ada")
    assert list(store.in_room("lobby")) == []
    assert list(store.in_room("attic")) == [Member("a=", "Ada")]
    store.leave("a=")
    assert list(store.in_room("attic")) == []
    assert list(store.of_user("ada")) == ["a="]


def test_leaving_after_being_forgotten_is_no_error(store: Store) -> None:
    store.leave("a=")


def test_what_has_expired_is_not_found_though_dynamodb_still_has_it(store: Store, clock: Clock) -> None:
    store.connected("a=", "ada")
    clock.now += MAX_LIFETIME + 1
    assert list(store.of_user("ada")) == []


def test_dynamodb_drops_what_has_expired(dynamodb: "DynamoDBClient", store: Store, clock: Clock) -> None:
    store.connected("a=", "ada")
    settings = dynamodb.describe_time_to_live(TableName="chat-connections")["TimeToLiveDescription"]
    assert (settings["TimeToLiveStatus"], settings["AttributeName"]) == ("ENABLED", "expires_at")
    item = dynamodb.get_item(TableName="chat-connections", Key={"connection_id": {"S": "a="}})["Item"]
    assert item["expires_at"] == {"N": str(int(clock.now) + MAX_LIFETIME)}
