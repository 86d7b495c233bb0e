"""What is under test: a gateway somewhere, with the stages of the app on it, and what can be done to them."""

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
        url: Where clients connect, such as `wss://abcd1234.execute-api.us-east-1.amazonaws.com/test`.
        callback_url: Where servers post: the same with `https`, unless an emulator has it elsewhere.
    """

    url: str
    callback_url: str

    @classmethod
    def at(cls, url: str, callback_url: str | None = None) -> "Stage":
        """A stage by its URL; the callback URL is the same over HTTP unless given."""
        stripped = url.rstrip("/")
        return cls(stripped, callback_url.rstrip("/") if callback_url else "http" + stripped.removeprefix("ws"))

    def sibling(self, name: str) -> "Stage":
        """Another stage's URLs on the same hosts."""
        return Stage(*(f"{'/'.join(url.split('/')[:3])}/{name}" for url in (self.url, self.callback_url)))


@dataclass(frozen=True, slots=True)
class CustomDomain:
    """A stage of the app by a custom domain.

    Attributes:
        stage: Its URLs by the custom domain.
        name: The domain name.
        mapping_key: The key that the API is mapped to.
        default_callback_url: Where servers post by the API's own host.
        default_host: That host, where the URL does not say it.
    """

    stage: Stage
    name: str
    mapping_key: str
    default_callback_url: str
    default_host: str | None = None


@dataclass(frozen=True, slots=True)
class Quotas:
    """Quotas small enough to be reached.

    Attributes:
        requests_per_second: The rate of handshakes, messages and posts.
        burst: How many of them may come at once.
        connections_per_second: New connections.
    """

    requests_per_second: int = 10_000
    burst: int = 5_000
    connections_per_second: int = 500


LetPass: TypeAlias = Callable[[float], None]
"""Lets so many seconds pass at a gateway."""


class Target:
    """A gateway under test. What it cannot show is skipped, with the reason.

    Attributes:
        region: The region of its signatures.
        patience: How long anything may take before a test fails, in seconds.
    """

    region = "us-east-1"
    patience = 10.0

    def main(self) -> Stage:
        """The app with all of its routes, `$connect`, `$disconnect` and `$default` among them."""
        raise NotImplementedError

    def bare(self) -> Stage:
        """The app with the route `report` and no other."""
        cannot("needs an API with one route and no predefined ones: --bare-gateway-url")

    def authorized(self) -> Stage:
        """The app with its authorizer on `$connect`, and `route.request.querystring.token` as the identity source."""
        cannot("needs an API with an authorizer: --authorized-gateway-url")

    def signed(self) -> Stage:
        """The main stage, where it checks signatures."""
        cannot("needs a gateway that checks signatures: --signatures")

    def custom_domain(self) -> AbstractContextManager[CustomDomain]:
        """The main stage by a custom domain, with a mapping key that is not the stage's name."""
        cannot("needs a custom domain: --custom-domain-gateway-url")

    def timed(self) -> AbstractContextManager[tuple[Stage, LetPass]]:
        """The main stage, and what lets time pass there."""
        cannot("needs a clock that can be set ahead, or --slow")

    def limited(self, quotas: Quotas) -> AbstractContextManager[tuple[Stage, LetPass]]:
        """The main stage with quotas that can be reached, and what lets time pass there."""
        cannot(f"needs a gateway whose quotas can be set, to {quotas}")


class Remote(Target):
    """A gateway by its URLs.

    Args:
        stages: Its stages, by the name of the method that returns them.
        region: The region of its signatures.
        patience: How long anything may take, in seconds.
        signatures: Whether it checks signatures.
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
    """Skip a test that a target cannot show."""
    pytest.skip(reason)
