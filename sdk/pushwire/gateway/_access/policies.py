"""IAM policies, as far as API Gateway needs them to let a caller in: Allow and Deny, actions, resources. Pure.

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
    """A policy document is none, or uses what is not evaluated here; the text says where, to the developer."""


@dataclass(frozen=True, slots=True)
class ApiResources:
    """The resource names of one stage of an API.

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
        """The `$connect` route, which clients invoke; an authorizer's `methodArn`."""
        return f"{self._stage(self.account_id)}/$connect"

    def connections(self, method: str) -> str:
        """Return what a call of the management API needs permission for.

        It ends with `{connectionId}`, literally: the service asks about its own route and not about one connection, so
        that a policy cannot name an id. That is how its denials read, and what users who named one found.
        """
        return f"{self._stage(self.account_id)}/{method}/@connections/{{connectionId}}"

    def masked(self, resource: str) -> str:
        """Return a resource as denials show it, with the account's last digits only."""
        masked = "*" * (len(self.account_id) - _SHOWN_DIGITS) + self.account_id[-_SHOWN_DIGITS:]
        return resource.replace(self._stage(self.account_id), self._stage(masked), 1)

    def _stage(self, account_id: str) -> str:
        return f"arn:aws:execute-api:{self.region}:{account_id}:{self.api_id}/{self.stage}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy.

    Attributes:
        allow: Whether its effect is `Allow`; the other is `Deny`.
        actions: Patterns of actions.
        resources: Patterns of resource names.
    """

    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def covers(self, action: str, resource: str) -> bool:
        """Return whether it speaks of this action on this resource. IAM ignores the case of actions only."""
        return any(matches(pattern.lower(), action.lower()) for pattern in self.actions) and any(
            matches(pattern, resource) for pattern in self.resources
        )


def matches(pattern: str, text: str) -> bool:
    """Return whether IAM's wildcards match: `*` any characters, slashes and colons included, and `?` any one."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def allows(statements: Iterable[Statement], action: str, resource: str) -> bool:
    """Return whether a policy allows an action: some statement must, and none may deny it."""
    covering = [statement.allow for statement in statements if statement.covers(action, resource)]
    return bool(covering) and all(covering)


def read_policy(value: object) -> tuple[Statement, ...]:
    """Return the statements of a policy document.

    Args:
        value: The document, as `json.loads` gives it.

    Raises:
        PolicyError: If it is no policy document, or one with elements that are not evaluated here: `Condition`, and
            the `Not…` forms.
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
