"""What an open connection needs as time goes by: keepalives, pings, renewal. No clock and no network."""

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pushwire.client.settings import settings_of
from pushwire.client.upkeep import Duty, Upkeep


def upkeep(share: float = 0.0, **intervals: float) -> Upkeep:
    """One of a connection that was opened at 0, with these intervals and no others."""
    none: Any = dict.fromkeys(["renew_after", "keepalive_interval", "ping_interval"])
    return Upkeep(settings_of(**{**none, **intervals}), 0.0, lambda: share)


def duties(kept: Upkeep, until: float, answer: Any = None) -> list[tuple[float, Duty]]:
    """What is due until a time; whoever asks does so when he is told to."""
    done: list[tuple[float, Duty]] = []
    now = 0.0
    while (now := max(now, kept.next_at())) <= until:
        while (duty := kept.due(now)) is not None:
            done.append((now, duty))
            if answer is not None:
                answer(kept, now, duty)
    return done


def answer_pings(kept: Upkeep, now: float, duty: Duty) -> None:
    if duty is Duty.PING:
        kept.ponged(now)


def test_nothing_is_due_where_nothing_is_asked_for() -> None:
    kept = upkeep()
    assert kept.next_at() == math.inf
    assert kept.due(1e9) is None


def test_a_silent_connection_is_kept_alive_at_half_of_the_idle_limit() -> None:
    found = duties(upkeep(keepalive_interval=300.0), 1_500)
    assert found == [(at, Duty.KEEP_ALIVE) for at in (300, 600, 900, 1_200, 1_500)]


@given(st.lists(st.tuples(st.floats(0, 400), st.booleans()), max_size=30))
def test_a_connection_is_never_idle_for_longer_than_the_interval(traffic: list[tuple[float, bool]]) -> None:
    kept = upkeep(keepalive_interval=300.0)
    now, last = 0.0, 0.0
    for gap, is_heard in traffic:
        until = now + gap
        while kept.next_at() <= until:
            now = max(now, kept.next_at())
            if kept.due(now) is Duty.KEEP_ALIVE:
                assert now - last == 300 or math.isclose(now - last, 300)
                last = now
        now = last = until
        if is_heard:
            kept.received_at = now
        else:
            kept.spoke_at = now


@given(st.floats(0, 1))
def test_a_connection_is_renewed_once_in_the_last_tenth_of_its_time(share: float) -> None:
    found = duties(upkeep(share, renew_after=7_080.0), 20_000)
    ((at, duty),) = found
    assert duty is Duty.RENEW
    assert 6_372 <= at <= 7_080 < 7_200


def test_a_peer_that_has_never_answered_a_ping_is_not_given_up() -> None:
    found = duties(upkeep(ping_interval=30.0), 300)
    assert found == [(at, Duty.PING) for at in range(30, 301, 30)]


def test_a_peer_that_answers_is_asked_again_and_again() -> None:
    found = duties(upkeep(ping_interval=30.0), 300, answer_pings)
    assert found == [(at, Duty.PING) for at in range(30, 301, 30)]


def test_a_peer_that_stops_answering_is_given_up_in_time() -> None:
    kept = upkeep(ping_interval=30.0, ping_timeout=20.0)

    def answer_once(kept: Upkeep, now: float, duty: Duty) -> None:
        if duty is Duty.PING and now == 30:
            kept.ponged(now)

    assert duties(kept, 85, answer_once) == [(30, Duty.PING), (60, Duty.PING), (80, Duty.ABANDON)]


def test_anything_that_comes_is_as_good_as_an_answer() -> None:
    kept = upkeep(ping_interval=30.0, ping_timeout=20.0)
    assert kept.due(30) is Duty.PING
    kept.ponged(30)
    assert kept.due(60) is Duty.PING
    kept.heard_at = 70
    assert kept.due(80) is None
    assert kept.next_at() == 100


def test_an_answer_to_a_ping_is_no_message() -> None:
    found = duties(upkeep(keepalive_interval=300.0, ping_interval=30.0), 600, answer_pings)
    assert [at for at, duty in found if duty is Duty.KEEP_ALIVE] == [300, 600]


def test_a_busy_connection_is_not_pinged() -> None:
    kept = upkeep(ping_interval=30.0)
    for now in range(29, 300, 29):
        kept.heard_at = now
        assert kept.due(now) is None
        assert kept.next_at() > now
