"""The gateway under test, with the stages of the app."""

import contextlib
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

import pytest


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the app.

    Attributes:
        url: The URL that clients connect to, such as `wss://abcd1234.execute-api.us-east-1.amazonaws.com/test`.
        callback_url: The URL that servers post to. On AWS, the same URL with `https`.
    """

    url: str
    callback_url: str

    @classmethod
    def at(cls, url: str, callback_url: str | None = None) -> "Stage":
        """Return a stage by its URL. The callback URL defaults to the same URL with `http` or `https`."""
        stripped = url.rstrip("/")
        return cls(stripped, callback_url.rstrip("/") if callback_url else "http" + stripped.removeprefix("ws"))

    def sibling(self, name: str) -> "Stage":
        """Return another stage on the same hosts."""
        return Stage(*(f"{'/'.join(url.split('/')[:3])}/{name}" for url in (self.url, self.callback_url)))


@dataclass(frozen=True, slots=True)
class CustomDomain:
    """A stage of the app on a custom domain.

    Attributes:
        stage: The URLs on the custom domain.
        name: The domain name.
        mapping_key: The key that the API is mapped to.
        default_callback_url: The callback URL on the API's own host.
        default_host: That host, if it is not in the URL.
    """

    stage: Stage
    name: str
    mapping_key: str
    default_callback_url: str
    default_host: str | None = None


@dataclass(frozen=True, slots=True)
class Quotas:
    """Quotas that a test can reach.

    Attributes:
        requests_per_second: The rate of handshakes, messages and posts.
        burst: The number of them that may arrive at once.
        connections_per_second: The rate of new connections.
    """

    requests_per_second: int = 10_000
    burst: int = 5_000
    connections_per_second: int = 500


LetPass: TypeAlias = Callable[[float], None]
"""Advances the time of a gateway by a number of seconds."""


class Target:
    """A gateway under test. Tests that it does not support are skipped with the reason.

    Attributes:
        region: The region of signatures.
        patience: Seconds to wait before a test fails.
    """

    region = "us-east-1"
    patience = 10.0

    def main(self) -> Stage:
        """Return the app with all routes, including `$connect`, `$disconnect` and `$default`."""
        raise NotImplementedError

    def bare(self) -> Stage:
        """Return the app with the route `report` only."""
        cannot("needs an API with one route and no predefined ones: --bare-gateway-url")

    def authorized(self) -> Stage:
        """Return the app behind its authorizer with the identity source `route.request.querystring.token`."""
        cannot("needs an API with an authorizer: --authorized-gateway-url")

    def signed(self) -> Stage:
        """Return the main stage, on a gateway that checks signatures."""
        cannot("needs a gateway that checks signatures: --signatures")

    def custom_domain(self) -> AbstractContextManager[CustomDomain]:
        """Return the main stage on a custom domain, with a mapping key that is not the stage's name."""
        cannot("needs a custom domain: --custom-domain-gateway-url")

    def timed(self) -> AbstractContextManager[tuple[Stage, LetPass]]:
        """Return the main stage, and a function that lets time pass."""
        cannot("needs a clock that can be set ahead, or --slow")

    def limited(self, quotas: Quotas) -> AbstractContextManager[tuple[Stage, LetPass]]:
        """Return the main stage with small quotas, and a function that lets time pass."""
        cannot(f"needs a gateway whose quotas can be set, to {quotas}")


class Remote(Target):
    """A gateway with URLs.

    Args:
        stages: The stages, by the name of the method that returns them.
        region: The region of signatures.
        patience: Seconds to wait for each response.
        signatures: Whether the gateway checks signatures.
        slow: Whether tests may take minutes.
    """

    def __init__(
        self, stages: Mapping[str, Stage], *, region: str, patience: float, signatures: bool, slow: bool
    ) -> None:
        self._stages = stages
        self.region = region
        self.patience = patience
        self._signatures = signatures
        self._slow = slow

    def main(self) -> Stage:
        return self._stages["main"]

    def bare(self) -> Stage:
        return self._stages.get("bare") or super().bare()

    def authorized(self) -> Stage:
        return self._stages.get("authorized") or super().authorized()

    def signed(self) -> Stage:
        return self.main() if self._signatures else super().signed()

    def custom_domain(self) -> AbstractContextManager[CustomDomain]:
        stage = self._stages.get("custom_domain")
        if stage is None:
            return super().custom_domain()
        host, _, key = stage.url.partition("://")[2].partition("/")
        return contextlib.nullcontext(CustomDomain(stage, host, key, self.main().callback_url))

    def timed(self) -> AbstractContextManager[tuple[Stage, LetPass]]:
        return contextlib.nullcontext((self.main(), time.sleep)) if self._slow else super().timed()


def cannot(reason: str) -> NoReturn:
    """Skip a test that a target does not support."""
    pytest.skip(reason)
