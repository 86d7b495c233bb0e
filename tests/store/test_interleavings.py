"""All orders of the calls of simultaneous operations on one connection, and processes that are killed between calls."""

import pytest

from pushwire.store import DynamoDBStore, NotConnectedError, StoredConnection
from pushwire.testing import StoreClock
from tests.store.interleavings import Explorer, Process, State

ID = "AAAAAAAAAAAAAAA="


def connect(store: DynamoDBStore) -> None:
    store.connect(ID, user="ada", topics=["lobby"])


def join(store: DynamoDBStore) -> None:
    store.join(ID, "attic")


def leave(store: DynamoDBStore) -> None:
    store.leave(ID, "attic")


def identify(store: DynamoDBStore) -> None:
    store.identify(ID, user="bob", attributes={"name": "Bob"})


def disconnect(store: DynamoDBStore) -> StoredConnection | None:
    return store.disconnect(ID)


def gone(store: DynamoDBStore) -> None:
    store.gone([ID])


def join_after_a_look(store: DynamoDBStore) -> None:
    """What applications write by hand: read the connection, and then write the membership."""
    row = store._table.get(store._keys.root(ID))
    if row is not None and "ended_at" not in row:
        store._table.write(puts=[store._membership(row, "attic", ID)])


@pytest.fixture
def explorer(clock: StoreClock, monkeypatch: pytest.MonkeyPatch) -> Explorer:
    return Explorer(clock, monkeypatch)


def ghosts(state: State) -> list[str]:
    """The partition keys of the rows that a connection which has ended must not leave."""
    return [key for key in state.partition_keys() if not key.startswith("C#")]


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
@pytest.mark.parametrize("killed", [connect, join, leave, disconnect, gone], ids=lambda each: each.__name__)
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
