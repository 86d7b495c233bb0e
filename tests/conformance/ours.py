"""Pushwire's local gateway as a target, in this process. Only this file imports Pushwire."""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Self, Unpack

import pytest

from pushwire import gateway
from pushwire.testing import RunningGateway, local_gateway
from pushwire.testing.options import GatewayOptions
from tests.conformance import app
from tests.conformance.target import CustomDomain, LetPass, Quotas, Stage, Target

STAGE = "test"
SETTINGS = gateway.GatewaySettings(stage=STAGE)
ROUTES = dict.fromkeys(["report", "answer", "chat.v1.Chat/Send-it_2", "7"], app.handler)
DOMAIN = gateway.CustomDomain("ws.example.com", "chat")
API_ID = "abcd1234"


class Ours(Target):
    """Starts the gateways that tests need, and stops them at the end.

    Args:
        patience: Seconds to wait for each response.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._stack = ExitStack()
        self._stages: dict[str, Stage] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def main(self) -> Stage:
        return self._started("main", running)

    def bare(self) -> Stage:
        return self._started("bare", lambda: local_gateway(routes={"report": app.handler}))

    def authorized(self) -> Stage:
        authorizer = gateway.RequestAuthorizer(app.authorizer, ("route.request.querystring.token",))
        return self._started("authorized", lambda: running(authorizer=authorizer))

    def signed(self) -> Stage:
        someone = gateway.Principal(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
        return self._started("signed", lambda: running(principals=[someone]))

    @contextlib.contextmanager
    def custom_domain(self) -> Generator[CustomDomain]:
        settings = dataclasses.replace(SETTINGS, api_id=API_ID, custom_domain=DOMAIN)
        with running(settings=settings) as started, pytest.MonkeyPatch.context() as environment:
            stage = stage_of(started)
            environment.setenv("CALLBACK_URL", stage.callback_url)
            default = stage.sibling(STAGE).callback_url
            host = f"{API_ID}.execute-api.{settings.region}.amazonaws.com"
            yield CustomDomain(stage, DOMAIN.name, DOMAIN.mapping_key, default, host)

    @contextlib.contextmanager
    def timed(self) -> Generator[tuple[Stage, LetPass]]:
        with running(clock=gateway.ManualClock()) as started:
            yield stage_of(started), started.advance

    @contextlib.contextmanager
    def limited(self, quotas: Quotas) -> Generator[tuple[Stage, LetPass]]:
        limits = gateway.Quotas(
            requests_per_second=quotas.requests_per_second,
            request_burst=quotas.burst,
            connections_per_second=quotas.connections_per_second,
        )
        with running(settings=dataclasses.replace(SETTINGS, quotas=limits), clock=gateway.ManualClock()) as started:
            yield stage_of(started), started.advance

    def _started(self, name: str, start: Callable[[], AbstractContextManager[RunningGateway]]) -> Stage:
        if name not in self._stages:
            self._stages[name] = stage_of(self._stack.enter_context(start()))
        return self._stages[name]


def running(**options: Unpack[GatewayOptions]) -> AbstractContextManager[RunningGateway]:
    """Yield the app with all routes on a local gateway."""
    every: GatewayOptions = {"routes": ROUTES, "route_responses": ["answer"], "settings": SETTINGS}
    return local_gateway(app.handler, **(every | options))


def stage_of(started: RunningGateway) -> Stage:
    return Stage(started.url, started.callback_url)
