"""Our own gateway as a target, in this process. The only file here that knows Pushwire."""

import contextlib
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Self

import pytest

from pushwire import gateway
from pushwire.testing import RunningGateway, local_gateway
from tests.conformance import app
from tests.conformance.target import CustomDomain, LetPass, Quotas, Stage, Target

STAGE = "test"
ROUTES = dict.fromkeys(["report", "answer", "chat.v1.Chat/Send-it_2", "7"], app.handler)
DOMAIN = gateway.CustomDomain("ws.example.com", "chat")
API_ID = "abcd1234"


class Ours(Target):
    """Starts the gateways that tests ask for, and stops them at the end.

    Args:
        patience: How long anything may take, in seconds.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._stack = ExitStack()
        self._main: Stage | None = None
        self._bare: Stage | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def main(self) -> Stage:
        if self._main is None:
            self._main = stage_of(self._stack.enter_context(running(gateway.GatewaySettings(stage=STAGE))))
        return self._main

    def bare(self) -> Stage:
        if self._bare is None:
            self._bare = stage_of(self._stack.enter_context(local_gateway(routes={"report": app.handler})))
        return self._bare

    @contextlib.contextmanager
    def custom_domain(self) -> Generator[CustomDomain]:
        settings = gateway.GatewaySettings(stage=STAGE, api_id=API_ID, custom_domain=DOMAIN)
        with running(settings) as started, pytest.MonkeyPatch.context() as environment:
            stage = stage_of(started)
            environment.setenv("CALLBACK_URL", stage.callback_url)
            default = stage.sibling(STAGE).callback_url
            host = f"{API_ID}.execute-api.{settings.region}.amazonaws.com"
            yield CustomDomain(stage, DOMAIN.name, DOMAIN.mapping_key, default, host)

    @contextlib.contextmanager
    def timed(self) -> Generator[tuple[Stage, LetPass]]:
        with running(gateway.GatewaySettings(stage=STAGE), gateway.ManualClock()) as started:
            yield stage_of(started), started.advance

    @contextlib.contextmanager
    def limited(self, quotas: Quotas) -> Generator[tuple[Stage, LetPass]]:
        limits = gateway.Quotas(
            requests_per_second=quotas.requests_per_second,
            request_burst=quotas.burst,
            connections_per_second=quotas.connections_per_second,
        )
        settings = gateway.GatewaySettings(stage=STAGE, quotas=limits)
        with running(settings, gateway.ManualClock()) as started:
            yield stage_of(started), started.advance


def running(
    settings: gateway.GatewaySettings, clock: gateway.Clock | None = None
) -> AbstractContextManager[RunningGateway]:
    return local_gateway(app.handler, routes=ROUTES, route_responses=["answer"], settings=settings, clock=clock)


def stage_of(started: RunningGateway) -> Stage:
    return Stage(started.url, started.callback_url)
