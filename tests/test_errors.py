"""The errors: one base class, data in attributes, and texts with the failure and its connection."""

import contextlib
import copy
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

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


def subclasses(of: type[Exception]) -> Iterator[type[Exception]]:
    for error in of.__subclasses__():
        yield error
        yield from subclasses(error)


def made(error: type[Exception]) -> Exception:
    """Make an error with a value for each argument that it has."""
    values: dict[str, Any] = {
        "operation": OPERATION,
        "status_code": 500,
        "count": 3,
        "attempts": 2,
        "retry_in": 1.5,
        "code": pushwire.Code.NOT_FOUND,
    }
    if issubclass(error, ExceptionGroup):
        return error("some", [made(pushwire.ThrottledError)])
    if not inspect.isfunction(error.__init__):
        return error("why")
    names = list(inspect.signature(error).parameters)
    return error(**{name: values.get(name, f"some {name}") for name in names})


@pytest.mark.parametrize("copied", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
def test_every_error_survives_pickling_and_copying(copied: Callable[[Exception], Exception]) -> None:
    for module in pkgutil.walk_packages(pushwire.__path__, "pushwire."):
        if ".cdk" not in module.name and ".v1" not in module.name and not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # an extra that is not installed
                importlib.import_module(module.name)
    classes: set[type[Exception]] = {pushwire.PushwireError, *subclasses(pushwire.PushwireError)}
    assert len(classes) >= 18  # more where extras are installed
    for error in classes:
        before = made(error)
        after = copied(before)
        assert type(after) is error
        assert (str(after), repr(after.args)) == (str(before), repr(before.args))
        assert vars(after) == vars(before)


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
