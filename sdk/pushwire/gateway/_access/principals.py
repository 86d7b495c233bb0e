"""The users that may sign requests to a local gateway, with their keys and permissions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pushwire.gateway._access.policies import matches
from pushwire.gateway.settings import SettingsError

__all__ = ["Principal"]

# A key id must not contain the separators of the `Authorization` header and of its `Credential`.
_KEY_ID = re.compile(r"[^\s/,=]{1,128}")
# "IAM and AWS STS quotas": names of users.
_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Principal:
    """A user with an access key. `repr` and logs never contain its secrets.

    Attributes:
        access_key_id: The id of the access key.
        secret_access_key: The secret of the access key.
        session_token: The session token that the user's requests must have, as those of a role do. Defaults to `None`:
            long-lived keys without a token.
        name: The user name, in its ARN and in denials. Defaults to `local`.
        allow: The ARNs that the user may use, as in the `Resource` of an IAM policy, with the wildcards `*` and `?`.
            Those of the management API are
            `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{method}/@connections/*`; the one for connecting ends
            with `/$connect`. Defaults to all.

    Raises:
        SettingsError: A value is invalid. The text does not contain secrets.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False, kw_only=True)
    name: str = field(default="local", kw_only=True)
    allow: Sequence[str] = field(default=("*",), kw_only=True)

    def __post_init__(self) -> None:
        if _KEY_ID.fullmatch(self.access_key_id) is None:
            # Why the value is not shown: it may be a secret that was passed as the wrong argument.
            raise SettingsError(
                "the access key id of a principal must be 1 to 128 characters without '/', ',', '=' and spaces"
            )
        if not self.secret_access_key:
            raise SettingsError(f"the principal {self.access_key_id!r} has an empty secret access key")
        if self.session_token == "":
            raise SettingsError(
                f"the principal {self.access_key_id!r} has an empty session token; None means that it has none"
            )
        if _NAME.fullmatch(self.name) is None:
            raise SettingsError(
                f"the name {self.name!r} of a principal must be 1 to 64 letters, digits and any of +=,.@_-"
            )
        if isinstance(self.allow, str):
            raise SettingsError(
                f"allow of the principal {self.access_key_id!r} must be a tuple of patterns, not {self.allow!r}"
            )

    def arn(self, account_id: str) -> str:
        """Return the user's ARN in an account.

        Args:
            account_id: The id of the AWS account, 12 digits.
        """
        return f"arn:aws:iam::{account_id}:user/{self.name}"

    def may_use(self, resource: str) -> bool:
        """Return whether the user may use a resource.

        Args:
            resource: The ARN of the resource.
        """
        return any(matches(pattern, resource) for pattern in self.allow)
