"""Resolves a request target: to the stage, a connection of the management API, the console, or an error. Pure.

Sources: "Use @connections commands in your backend service", "Custom domain names for WebSocket APIs in API Gateway",
and responses of the real service to unknown targets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

from pushwire.gateway._wire.responses import HttpResponse, aws_error, forbidden
from pushwire.gateway.settings import CustomDomain, GatewaySettings

__all__ = ["Addressing", "ConnectionTarget", "ConsoleTarget", "NoTarget", "RequestTarget", "StageTarget"]


@dataclass(frozen=True, slots=True)
class StageTarget:
    """The stage, where clients connect."""


@dataclass(frozen=True, slots=True)
class ConnectionTarget:
    """One connection of the management API, with its percent-decoded id."""

    connection_id: str


@dataclass(frozen=True, slots=True)
class ConsoleTarget:
    """The gateway's console, or one of its files or commands."""


@dataclass(frozen=True, slots=True)
class NoTarget:
    """An unknown target, with API Gateway's response to it."""

    response: HttpResponse


RequestTarget: TypeAlias = StageTarget | ConnectionTarget | ConsoleTarget | NoTarget


class Addressing:
    """The addresses of one API: `/{stage}`, or `/{mapping key}` on a custom domain, without the stage.

    With a custom domain, every `Host` header selects the custom domain, except the API's own host.

    Args:
        settings: The settings, with the API's id, region, stage and custom domain.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._stage = settings.stage
        self._has_console = settings.console
        self._custom_domain = settings.custom_domain
        self._own_host = f"{settings.api_id}.execute-api.{settings.region}.".lower()

    def resolve(self, target: str, *, method: str, host: str | None) -> RequestTarget:
        """Resolve a request target.

        Args:
            target: The target as sent, such as `/local/%40connections/…%3D`. Any character may be percent-encoded.
            method: The method of the request, which the error of a custom domain contains.
            host: The `Host` header; `None` if the request has none.
        """
        path = target.partition("?")[0]
        segments = [unquote(segment) for segment in path.split("/")]
        domain = self._custom_domain
        if domain is None:
            return self._below_stage(segments)
        if (host or "").lower().startswith(self._own_host):
            return _NOTHING if domain.disable_execute_api_endpoint else self._below_stage(segments)
        return _below_domain(domain, path, segments, method)

    def _below_stage(self, segments: Sequence[str]) -> RequestTarget:
        match segments:
            case ["", self._stage] | ["", self._stage, ""]:
                return StageTarget()
            case ["", self._stage, "@connections", connection_id] if connection_id:
                return ConnectionTarget(connection_id)
            case ["", ""] | ["", "$console", _] if self._has_console:
                return ConsoleTarget()
            case _:
                return _NOTHING


_NOTHING = NoTarget(forbidden())


def _below_domain(domain: CustomDomain, path: str, segments: Sequence[str], method: str) -> RequestTarget:
    below = segments[1:]
    if domain.mapping_key:
        if below[:1] != [domain.mapping_key]:
            return _NOTHING
        below = below[1:]
    match below:
        case [] | [""]:
            return StageTarget()
        case ["@connections", connection_id] if connection_id:
            return ConnectionTarget(connection_id)
        case _:
            route = path.removeprefix(f"/{domain.mapping_key}" if domain.mapping_key else "").removeprefix("/")
            message = f"No method found matching route {route} for http method {method}."
            return NoTarget(aws_error(403, "ForbiddenException", message))
