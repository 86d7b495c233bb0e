"""Registering a function twice, wrongly, or for the wrong service is an error at once."""

from typing import Any

import pytest

from pushwire.aws_lambda import RouterError
from tests.aws_lambda.contract.desk_pushwire import DeskHandlers, DeskRouter, PresenceHandlers
from tests.aws_lambda.world import Desk


def nothing(_request: object, /) -> None: ...


@pytest.mark.parametrize("name", ["enter", "say", "leave", "on_connect", "on_disconnect", "on_default"])
def test_one_function_for_each(name: str) -> None:
    router = DeskRouter()
    getattr(router, name)(nothing)
    shown = {"enter": "desk.v1.DeskService.Enter", "say": "desk.v1.DeskService.Say"}.get(name, name.split("leave")[0])
    with pytest.raises(
        RouterError, match=f"DeskRouter cannot register nothing for .*{shown}, which already has the handler nothing"
    ):
        getattr(router, name)(nothing)


@pytest.mark.parametrize("name", ["enter", "on_connect", "on_default"])
def test_a_class_or_decorators_not_both(name: str) -> None:
    with pytest.raises(RouterError, match="this DeskRouter was made with Desk, which handles"):
        getattr(DeskRouter(Desk()), name)(nothing)


def test_a_class_that_misses_an_operation_cannot_be_made() -> None:
    class Half(DeskHandlers):
        def enter(self, request: Any, /) -> None: ...

    half: Any = Half
    with pytest.raises(TypeError, match="abstract method"):
        half()


def test_handlers_of_another_service() -> None:
    class Presence(PresenceHandlers):
        def appear(self, request: Any, /) -> None: ...

    wrong: Any = Presence()
    with pytest.raises(
        TypeError, match="DeskRouter takes the handlers of its own service: Presence has no method enter"
    ):
        DeskRouter(wrong)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (Desk, r"DeskRouter takes an instance of a class: DeskRouter\(Desk\(\)\)"),
        (object(), "DeskRouter takes the handlers of its own service, not object"),
        (nothing, "not function"),
        ({}, "not dict"),
    ],
)
def test_an_object_that_is_not_a_handler_class_is_refused(wrong: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        DeskRouter(wrong)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("on_conect", "on_connect"),
        ("onConnect", "on_connect"),
        ("on_message", "on_connect or on_disconnect or on_default"),
    ],
)
def test_a_misspelt_hook_is_refused_with_the_closest_name(name: str, meant: str) -> None:
    misspelt = type("Misspelt", (Desk,), {name: nothing})
    with pytest.raises(TypeError, match=f"Misspelt.{name} is not a hook of DeskRouter: did you mean {meant}"):
        DeskRouter(misspelt())


def test_a_misspelt_operation_is_a_warning_with_the_closest_name(caplog: pytest.LogCaptureFixture) -> None:
    class Misspelt(Desk):
        def entre(self, _request: Any, /) -> None: ...

        def greet_everyone(self) -> None: ...

    DeskRouter(Misspelt())
    (record,) = caplog.records
    assert record.name == "pushwire.aws_lambda"
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        "Misspelt.entre is not an operation of DeskRouter and is never called: did you mean enter?"
    )


def test_a_class_may_handle_two_services_and_have_methods_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    class Both(Desk, PresenceHandlers):
        def appear(self, request: Any, /) -> None: ...

        def helper(self) -> None: ...

    DeskRouter(Both())
    assert caplog.records == []


def test_an_async_handler_is_refused() -> None:
    async def slow(_request: object, /) -> None: ...

    class Slow(Desk):
        async def say(self, request: Any, /) -> None:  # type: ignore[override]  # the mistake
            ...

    wrong: Any = slow
    with pytest.raises(TypeError, match="slow is async, which this router cannot run: define it with def"):
        DeskRouter().say(wrong)
    with pytest.raises(TypeError, match=r"Slow\.say is async"):
        DeskRouter(Slow())


def test_an_object_that_is_not_a_function_is_refused() -> None:
    wrong: Any = 5
    with pytest.raises(TypeError, match="a router takes functions, not int"):
        DeskRouter().say(wrong)
