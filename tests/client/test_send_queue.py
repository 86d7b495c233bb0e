"""The order of sends: the sends of hooks first, and a send that was put back before the others."""

from pushwire.client._core.send_queue import SendQueue


def queue() -> SendQueue[str]:
    sends: SendQueue[str] = SendQueue()
    for send in ("first", "second", "third"):
        sends.put(send, urgent=False)
    for send in ("by a hook", "by another hook"):
        sends.put(send, urgent=True)
    return sends


def test_sends_of_hooks_go_first_and_each_kind_in_order() -> None:
    sends = queue()
    assert len(sends) == 5
    assert list(sends.drain()) == ["by a hook", "by another hook", "first", "second", "third"]
    assert (sends.take(), sends.take_urgent(), len(sends)) == (None, None, 0)


def test_only_sends_of_hooks_are_taken_while_hooks_run_and_fail_with_them() -> None:
    sends = queue()
    assert sends.take_urgent() == "by a hook"
    assert list(sends.drain_urgent()) == ["by another hook"]
    assert sends.take_urgent() is None
    assert sends.take() == "first"


def test_what_was_taken_and_not_written_is_the_next_again() -> None:
    sends = queue()
    list(sends.drain_urgent())
    taken = sends.take()
    assert taken == "first"
    sends.put_back(taken)
    assert list(sends.drain()) == ["first", "second", "third"]


def test_what_was_cancelled_is_removed_if_it_still_waits() -> None:
    sends = queue()
    waited = [sends.remove(send) for send in ("second", "by a hook", "second", "never there")]
    assert waited == [True, True, False, False]
    assert list(sends.drain()) == ["by another hook", "first", "third"]
