"""The errors: one base class, data in attributes, and texts with the failure and its connection."""

import inspect
import pickle

import pytest

import pushwire
from pushwire import Direction, Operation, errors
from pushwire.v1 import frame_pb2

OPERATION = Operation(
    service="a.v1.AService",
    name="Send",
    route="Send",
    direction=Direction.SERVER_TO_CLIENT,
    message_type=frame_pb2.Frame,
)


def all_errors() -> list[type[pushwire.PushwireError]]:
    classes = (value for _, value in inspect.getmembers(errors, inspect.isclass))
    return [value for value in classes if issubclass(value, pushwire.PushwireError)]


@pytest.mark.parametrize("error", all_errors())
def test_every_error_has_the_one_root_and_is_public(error: type[pushwire.PushwireError]) -> None:
    assert issubclass(error, pushwire.PushwireError)
    assert error.__name__ in pushwire.__all__
    assert getattr(pushwire, error.__name__) is error


@pytest.mark.parametrize("error", [error for error in all_errors() if issubclass(error, pushwire.SendError)])
def test_every_error_of_a_send_survives_pickling(error: type[pushwire.SendError]) -> None:
    before = error("why", connection_id="abc=", operation=OPERATION, attempts=2, maybe_accepted=True, status_code=500)
    after = pickle.loads(pickle.dumps(before))
    assert type(after) is error
    assert vars(after) == vars(before)
    assert str(after) == str(before)


def test_other_errors_survive_pickling() -> None:
    frame = pickle.loads(pickle.dumps(pushwire.FrameError("why", route="Send")))
    assert (frame.reason, frame.route) == ("why", "Send")
    url = pickle.loads(pickle.dumps(pushwire.CallbackUrlError("why", url="x")))
    assert (url.reason, url.url) == ("why", "x")


def test_the_text_says_what_happened_to_what() -> None:
    error = pushwire.UnavailableError(
        "timed out", connection_id="abc=", operation=OPERATION, attempts=3, maybe_accepted=True
    )
    assert str(error) == (
        "the management API is unavailable: timed out "
        "(operation a.v1.AService.Send, connection 'abc=', 3 attempts, it may have been accepted)"
    )
    assert str(pushwire.ConnectionGoneError()) == "the connection is gone"


def test_a_pending_connection_is_a_gone_one() -> None:
    assert issubclass(pushwire.ConnectionPendingError, pushwire.ConnectionGoneError)
