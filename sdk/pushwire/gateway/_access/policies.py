"""The subset of IAM policies that API Gateway evaluates here: Allow and Deny, actions, resources. Pure.

Sources: "IAM JSON policy elements reference", "Output from an API Gateway Lambda authorizer", "Control access to
WebSocket APIs with IAM authorization", and the texts of denials that users reported.
"""

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

__all__ = [
    "INVOKE",
    "MANAGE_CONNECTIONS",
    "ApiResources",
    "PolicyError",
    "Statement",
    "allows",
    "matches",
    "read_policy",
]

INVOKE = "execute-api:Invoke"
MANAGE_CONNECTIONS = "execute-api:ManageConnections"

_STATEMENT_KEYS = {"Sid", "Effect", "Action", "Resource"}
_SHOWN_DIGITS = 4


class PolicyError(ValueError):
    """A policy document is malformed, or has elements that are not evaluated here; the text names the place."""


@dataclass(frozen=True, slots=True)
class ApiResources:
    """The resource names (ARNs) of one stage of an API.

    Attributes:
        region: The region.
        account_id: The account, 12 digits.
        api_id: The id of the API.
        stage: The stage.
    """

    region: str
    account_id: str
    api_id: str
    stage: str

    @property
    def connect(self) -> str:
        """The ARN of the `$connect` route, which clients invoke; the `methodArn` in an authorizer's event."""
        return f"{self._stage(self.account_id)}/$connect"

    def connections(self, method: str) -> str:
        """Return the ARN that a request to the management API needs permission for.

        It ends with the literal text `{connectionId}`: the service checks its own route, not one connection, so a
        policy cannot select an id. The service's denials show this ARN, and users report that policies with an id fail.

        Args:
            method: The HTTP method of the request.
        """
        return f"{self._stage(self.account_id)}/{method}/@connections/{{connectionId}}"

    def masked(self, resource: str) -> str:
        """Return an ARN as denials show it, with only the last four digits of the account."""
        masked = "*" * (len(self.account_id) - _SHOWN_DIGITS) + self.account_id[-_SHOWN_DIGITS:]
        return resource.replace(self._stage(self.account_id), self._stage(masked), 1)

    def _stage(self, account_id: str) -> str:
        return f"arn:aws:execute-api:{self.region}:{account_id}:{self.api_id}/{self.stage}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy.

    Attributes:
        allow: Whether the effect is `Allow`; if not, it is `Deny`.
        actions: Patterns of actions.
        resources: Patterns of resource names.
    """

    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def covers(self, action: str, resource: str) -> bool:
        """Return whether the statement applies to an action on a resource. IAM ignores the case of actions only."""
        return any(matches(pattern.lower(), action.lower()) for pattern in self.actions) and any(
            matches(pattern, resource) for pattern in self.resources
        )


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern matches, with IAM's wildcards.

    Args:
        pattern: The pattern. `*` matches any characters, including slashes and colons, and `?` matches one character.
        text: The text.
    """
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def allows(statements: Iterable[Statement], action: str, resource: str) -> bool:
    """Return whether a policy allows an action: at least one statement allows it, and no statement denies it."""
    covering = [statement.allow for statement in statements if statement.covers(action, resource)]
    return bool(covering) and all(covering)


def read_policy(value: object) -> tuple[Statement, ...]:
    """Return the statements of a policy document.

    Args:
        value: The document, as a result of `json.loads`.

    Raises:
        PolicyError: The value is not a policy document, or it has elements that are not evaluated here: `Condition`,
            `NotAction` and `NotResource`.
    """
    if not isinstance(value, dict):
        raise PolicyError("'policyDocument' must be an object")
    statements = cast("dict[str, Any]", value).get("Statement")
    if isinstance(statements, dict):
        statements = [cast("dict[str, Any]", statements)]
    if not isinstance(statements, list):
        raise PolicyError("'policyDocument' must have a 'Statement': a list of statements")
    return tuple(_statement(number, each) for number, each in enumerate(cast("list[object]", statements), 1))


def _statement(number: int, value: object) -> Statement:
    if not isinstance(value, dict):
        raise PolicyError(f"statement {number} must be an object")
    fields = cast("dict[str, Any]", value)
    unknown = sorted(fields.keys() - _STATEMENT_KEYS)
    if unknown:
        raise PolicyError(f"statement {number} has {', '.join(unknown)}, which the local gateway cannot evaluate")
    effect = fields.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"statement {number}: 'Effect' must be 'Allow' or 'Deny'")
    return Statement(effect == "Allow", _strings(number, "Action", fields), _strings(number, "Resource", fields))


def _strings(number: int, key: str, fields: dict[str, Any]) -> tuple[str, ...]:
    value = fields.get(key)
    found = [value] if isinstance(value, str) else value
    if (
        not isinstance(found, list)
        or not found
        or not all(isinstance(each, str) for each in cast("list[object]", found))
    ):
        raise PolicyError(f"statement {number}: {key!r} must be a string or a list of strings")
    return tuple(cast("list[str]", found))
