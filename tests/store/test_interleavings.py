"""All orders of the calls of simultaneous operations on one connection, and processes that are killed between calls."""

import json
from itertools import combinations_with_replacement
from typing import Any

import pytest

from pushwire.store import DynamoDBStore, NotConnectedError, StoredConnection
from pushwire.testing import StoreClock
from tests.store.interleavings import Explorer, Process, State

ID = "AAAAAAAAAAAAAAA="


def connect(store: DynamoDBStore) -> None:
    store.connect(ID, user="ada", topics=["lobby"])


def connect_again(store: DynamoDBStore) -> None:
    """Replace the connection: with another user and another topic, and with one of the same topics."""
    store.connect(ID, user="dan", topics=["attic"])


def connect_without_a_user(store: DynamoDBStore) -> None:
    store.connect(ID)


def join(store: DynamoDBStore) -> None:
    store.join(ID, "attic")


def leave(store: DynamoDBStore) -> None:
    store.leave(ID, "attic")


def identify(store: DynamoDBStore) -> None:
    store.identify(ID, user="bob", attributes={"name": "Bob"})


def identify_again(store: DynamoDBStore) -> None:
    store.identify(ID, user="cyd")


def disconnect(store: DynamoDBStore) -> StoredConnection | None:
    return store.disconnect(ID)


def gone(store: DynamoDBStore) -> None:
    store.gone([ID])


def join_after_a_look(store: DynamoDBStore) -> None:
    """What applications write by hand: read the connection, and then write the membership."""
    row = store._table.get(store._keys.root(ID))
    if row is not None and "ended_at" not in row:
        store._table.write(puts=[store._keys.membership_row(row, "attic", ID)])


@pytest.fixture
def explorer(clock: StoreClock, monkeypatch: pytest.MonkeyPatch) -> Explorer:
    return Explorer(clock, monkeypatch)


def ghosts(state: State) -> list[str]:
    """The partition keys of the rows that a connection which has ended must not leave."""
    return [key for key in state.partition_keys() if not key.startswith("C#")]


def own_row(state: State) -> Any:
    """The connection's own row if the connection is open, and `None` if not."""
    rows = {row["pk"]["S"]: row for row in map(json.loads, state.rows)}
    root = rows.get(f"C#{ID}")
    return root if root is not None and "ended_at" not in root else None


def listed(state: State) -> dict[str, Any]:
    """The user and attributes of each membership and place, by partition key."""
    rows = {row["pk"]["S"]: row for row in map(json.loads, state.rows)}
    return {key: person(row) for key, row in rows.items() if key != f"C#{ID}"}


def listed_by_right(state: State) -> dict[str, Any]:
    """The same as the connection's own row says."""
    root = own_row(state)
    if root is None:
        return {}
    memberships = {f"T#{topic}#0": person(root) for topic in root.get("topic_names", {"SS": []})["SS"]}
    places: dict[str, Any] = {f"U#{root['user_id']['S']}": (None, None)} if "user_id" in root else {}
    return memberships | places


def person(row: Any) -> tuple[Any, Any]:
    return row.get("user_id"), row.get("user_attributes")


CONNECTS = (connect, connect_again, connect_without_a_user)
ENDS = (disconnect, gone)
OPERATIONS = (*CONNECTS, join, leave, identify, identify_again, *ENDS)
TRIPLES = [(join, leave, join), (leave, join, leave), (join, leave, disconnect)]
LONG_TRIPLES = [
    (join, leave, identify),
    (identify, identify_again, join),
    (identify, identify_again, leave),
    (identify, identify_again, disconnect),
    (connect_again, identify, join),
]
STARTS: dict[str, tuple[Process, ...]] = {
    "nothing": (),
    "a connection": (connect,),
    "a member": (connect, join),
}


def names(processes: tuple[Process, ...]) -> str:
    return "-".join(process.__name__ for process in processes)


@pytest.mark.parametrize(
    ("start", "processes"),
    [
        pytest.param(start, processes, id=f"{names(processes)}, after {name}")
        for processes in [*combinations_with_replacement(OPERATIONS, 2), *TRIPLES]
        for name, start in STARTS.items()
    ]
    + [
        pytest.param((connect,), processes, id=names(processes), marks=pytest.mark.at_length)
        for processes in LONG_TRIPLES
    ],
)
def test_listings_agree_with_the_connection_after_simultaneous_operations(
    explorer: Explorer, clock: StoreClock, start: tuple[Process, ...], processes: tuple[Process, ...]
) -> None:
    before = explorer.after(*start)
    clock.advance(60)
    finals = [state for state in explorer.states(before, *processes) if state.is_final]
    assert finals
    # A connect that replaces a connection beside its end may lose rows: see docs/design.md. It never leaves too many.
    may_lose = start and set(processes) & set(CONNECTS) and set(processes) & set(ENDS)
    for state in finals:
        expected = listed_by_right(state)
        found = listed(state)
        assert found.items() <= expected.items() if may_lose else found == expected
        root = own_row(state)
        assert root is None or "user_id" not in root or root["user_id"]["S"] in root["user_ids"]["SS"]
    for rows in {state.rows for state in finals}:
        assert ghosts(explorer.finish(State(rows, ()), disconnect)) == []


def test_one_join_and_two_disconnects_leave_no_ghost_in_any_order(explorer: Explorer) -> None:
    finals = [
        state for state in explorer.states(explorer.after(connect), join, disconnect, disconnect) if state.is_final
    ]
    assert {tuple(ghosts(state)) for state in finals} == {()}
    outcomes = {type(state.processes[0].outcome) for state in finals}
    assert outcomes == {type(None), NotConnectedError}
    for state in finals:
        returned = [process.outcome for process in state.processes[1:] if process.outcome is not None]
        assert len(returned) == 1


def test_a_join_that_reads_first_leaves_ghosts_in_some_orders(explorer: Explorer) -> None:
    states = explorer.states(explorer.after(connect), join_after_a_look, disconnect)
    assert {tuple(ghosts(state)) for state in states if state.is_final} == {(), ("T#attic#0",)}


@pytest.mark.parametrize(
    "processes",
    [(join, gone, disconnect), (join, leave, disconnect), (join, join, disconnect), (identify, disconnect)],
    ids=["gone", "leave", "two joins", "identify"],
)
def test_a_connection_that_ends_meanwhile_leaves_no_ghost(
    explorer: Explorer, clock: StoreClock, processes: tuple[Process, ...]
) -> None:
    start = explorer.after(connect)
    clock.advance(60)
    finals = [state for state in explorer.states(start, *processes) if state.is_final]
    assert {tuple(ghosts(state)) for state in finals} == {()}
    assert all(isinstance(state.processes[-1].outcome, StoredConnection) for state in finals)


def test_a_gone_during_connect_never_loses_the_client(explorer: Explorer, clock: StoreClock) -> None:
    finals = [state for state in explorer.states(explorer.after(), connect, gone, gone) if state.is_final]
    assert {tuple(sorted(state.partition_keys())) for state in finals} == {(f"C#{ID}", "T#lobby#0", "U#ada")}


def test_a_join_beside_identify_has_the_new_user_in_the_end(explorer: Explorer) -> None:
    for state in explorer.states(explorer.after(connect), join, identify):
        if state.is_final:
            explorer.finish(state, lambda _: None)
            store = explorer.store()
            users = {member.user for topic in ("attic", "lobby") for member in store.members(topic)}
            assert users == {"bob"}
            assert list(store.of_user("bob")) == [ID]
            assert list(store.of_user("ada")) == []


@pytest.mark.parametrize("cleanup", [gone, disconnect], ids=["gone", "disconnect"])
@pytest.mark.parametrize("killed", [connect, join, leave, identify, disconnect, gone], ids=lambda each: each.__name__)
def test_what_a_killed_process_leaves_is_removed_later(
    explorer: Explorer, clock: StoreClock, killed: Process, cleanup: Process
) -> None:
    start = explorer.after() if killed is connect else explorer.after(connect, join)
    clock.advance(60)
    states = list(explorer.states(start, killed))
    assert len(states) > 2
    clock.advance(60)
    for state in states:
        assert all('"expires_at"' in row for row in state.rows)
        left = ghosts(explorer.finish(state, cleanup))
        # A killed `leave` may keep its membership until the TTL, or until `leave` is called again.
        assert left == [] or (killed is leave and left == ["T#attic#0"])
