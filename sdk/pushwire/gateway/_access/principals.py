"""Who may sign requests to a local gateway, with which keys, and what they may do."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pushwire.gateway._access.policies import matches
from pushwire.gateway.settings import SettingsError

__all__ = ["Principal"]

# What separates the parts of a signature's `Credential` and of the header that holds it cannot be in a key id.
_KEY_ID = re.compile(r"[^\s/,=]{1,128}")
# "IAM and AWS STS quotas": names of users.
_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Principal:
    """A user with access keys. Its secrets are in no `repr` and in no log.

    Attributes:
        access_key_id: The id of its access key.
        secret_access_key: The secret of its access key.
        session_token: The token that its requests have to carry, as those of a role do; `None` for a user's own keys.
        name: Its name, in its ARN and in denials.
        allow: The resources it may use, as in the `Resource` of an IAM policy, with `*` and `?`. Those of the
            management API are `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{method}/@connections/*`, and
            that of connecting ends with `/$connect`.

    Raises:
        SettingsError: If a value cannot work; secrets are not shown.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False, kw_only=True)
    name: str = field(default="local", kw_only=True)
    allow: Sequence[str] = field(default=("*",), kw_only=True)

    def __post_init__(self) -> None:
        if _KEY_ID.fullmatch(self.access_key_id) is None:
            # It may be a secret in the wrong place.
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
                f"name {self.name!r} of a principal: it must be 1 to 64 letters, digits and any of +=,.@_-"
            )
        if isinstance(self.allow, str):
            raise SettingsError(
                f"allow={self.allow!r} of the principal {self.access_key_id!r} must be a tuple of patterns"
            )

    def arn(self, account_id: str) -> str:
        """Return its ARN in an account."""
        return f"arn:aws:iam::{account_id}:user/{self.name}"

    def may_use(self, resource: str) -> bool:
        """Return whether it may use a resource."""
        return any(matches(pattern, resource) for pattern in self.allow)
