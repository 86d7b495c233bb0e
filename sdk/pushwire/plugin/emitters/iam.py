"""The permissions that a contract's parties need: `chat.iam.json`."""

from typing import Any, Final

__all__ = ["policies"]

_STAGE: Final = "arn:${partition}:execute-api:${region}:${account_id}:${api_id}/${stage}"
_PURPOSES: Final = {
    "connect": ("execute-api:Invoke", "$connect"),
    "disconnect": ("execute-api:ManageConnections", "DELETE/@connections/*"),
    "inspect": ("execute-api:ManageConnections", "GET/@connections/*"),
    "send": ("execute-api:ManageConnections", "POST/@connections/*"),
}
"""By what it is for: the action, and the resource below the stage ("Control access to WebSocket APIs with IAM
authorization", API Gateway developer guide)."""


def policies() -> dict[str, Any]:
    """Return a policy for each purpose.

    Each allows one thing on one stage of one API, whose names are variables, as Terraform's `templatefile` fills them
    in. `connect` is for clients of an API with IAM authorization, the others are for servers.
    """
    return {
        purpose: {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": purpose.capitalize(),
                    "Effect": "Allow",
                    "Action": action,
                    "Resource": f"{_STAGE}/{resource}",
                }
            ],
        }
        for purpose, (action, resource) in _PURPOSES.items()
    }
