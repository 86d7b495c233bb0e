"""The schedule of keepalives, pings and renewal, without a clock and a network."""

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pushwire.client._core.keepalive import Action, KeepaliveSchedule
from pushwire.client.options import settings_of


def schedule(share: float = 0.0, **intervals: float) -> KeepaliveSchedule:
    """Return the schedule of a connection that was opened at 0, with these intervals only."""
    none: Any = dict.fromkeys(["renew_after", "keepalive_interval", "ping_interval"])
    return KeepaliveSchedule(settings_of(**{**none, **intervals}, random=lambda: share), 0.0)


def actions(kept: KeepaliveSchedule, until: float, answer: Any = None) -> list[tuple[float, Action]]:
    """Return the actions that are due until a time. The schedule is checked when it asks for that."""
    done: list[tuple[float, Action]] = []
    now = 0.0
    while (now := max(now, kept.next_check_at())) <= until:
        while (action := kept.next_action(now)) is not None:
            done.append((now, action))
            if answer is not None:
                answer(kept, now, action)
    return done


def answer_pings(kept: KeepaliveSchedule, now: float, action: Action) -> None:
    if action is Action.PING:
        kept.pong_received(now)


def test_nothing_is_due_where_nothing_is_asked_for() -> None:
    kept = schedule()
    assert kept.next_check_at() == math.inf
    assert kept.next_action(1e9) is None


def test_a_silent_connection_is_kept_alive_at_half_of_the_idle_limit() -> None:
    found = actions(schedule(keepalive_interval=300.0), 1_500)
    assert found == [(at, Action.SEND_KEEPALIVE) for at in (300, 600, 900, 1_200, 1_500)]


@given(st.lists(st.tuples(st.floats(0, 400), st.booleans()), max_size=30))
def test_a_connection_is_never_idle_for_longer_than_the_interval(traffic: list[tuple[float, bool]]) -> None:
    kept = schedule(keepalive_interval=300.0)
    now, last = 0.0, 0.0
    for gap, is_heard in traffic:
        until = now + gap
        while kept.next_check_at() <= until:
            now = max(now, kept.next_check_at())
            if kept.next_action(now) is Action.SEND_KEEPALIVE:
                assert now - last == 300 or math.isclose(now - last, 300)
                last = now
        now = last = until
        if is_heard:
            kept.last_message_at = now
        else:
            kept.last_sent_at = now


@given(st.floats(0, 1))
def test_a_connection_is_renewed_once_in_the_last_tenth_of_its_time(share: float) -> None:
    found = actions(schedule(share, renew_after=7_080.0), 20_000)
    ((at, action),) = found
    assert action is Action.RENEW
    assert 6_372 <= at <= 7_080 < 7_200


def test_a_peer_that_has_never_answered_a_ping_is_not_given_up() -> None:
    found = actions(schedule(ping_interval=30.0), 300)
    assert found == [(at, Action.PING) for at in range(30, 301, 30)]


def test_a_peer_that_answers_is_asked_again_and_again() -> None:
    found = actions(schedule(ping_interval=30.0), 300, answer_pings)
    assert found == [(at, Action.PING) for at in range(30, 301, 30)]


def test_a_peer_that_stops_answering_is_given_up_in_time() -> None:
    kept = schedule(ping_interval=30.0, ping_timeout=20.0)

    def answer_once(kept: KeepaliveSchedule, now: float, action: Action) -> None:
        if action is Action.PING and now == 30:
            kept.pong_received(now)

    assert actions(kept, 85, answer_once) == [(30, Action.PING), (60, Action.PING), (80, Action.DROP)]


def test_anything_that_comes_is_as_good_as_an_answer() -> None:
    kept = schedule(ping_interval=30.0, ping_timeout=20.0)
    assert kept.next_action(30) is Action.PING
    kept.pong_received(30)
    assert kept.next_action(60) is Action.PING
    kept.last_received_at = 70
    assert kept.next_action(80) is None
    assert kept.next_check_at() == 100


def test_a_pong_is_not_a_message() -> None:
    found = actions(schedule(keepalive_interval=300.0, ping_interval=30.0), 600, answer_pings)
    assert [at for at, action in found if action is Action.SEND_KEEPALIVE] == [300, 600]


def test_a_busy_connection_is_not_pinged() -> None:
    kept = schedule(ping_interval=30.0)
    for now in range(29, 300, 29):
        kept.last_received_at = now
        assert kept.next_action(now) is None
        assert kept.next_check_at() > now
