"""The IAM policies for the clients and servers of a contract, such as `chat.iam.json`."""

from typing import Any, Final

__all__ = ["policies"]

_STAGE: Final = "arn:${partition}:execute-api:${region}:${account_id}:${api_id}/${stage}"
_PURPOSES: Final = {
    "connect": ("execute-api:Invoke", "$connect"),
    "disconnect": ("execute-api:ManageConnections", "DELETE/@connections/*"),
    "inspect": ("execute-api:ManageConnections", "GET/@connections/*"),
    "send": ("execute-api:ManageConnections", "POST/@connections/*"),
}
"""The action and the resource of each policy ("Control access to WebSocket APIs with IAM authorization", API Gateway
developer guide)."""


def policies() -> dict[str, Any]:
    """Return the policies `connect`, `disconnect`, `inspect` and `send`.

    Each allows one action on one stage of an API. The ARNs contain variables such as `${region}`, which Terraform's
    `templatefile` can replace. `connect` is for clients of an API with IAM authorization, the others are for servers.
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
