"""IAM authorization: who may manage connections, and who may connect. Sans-I/O.

Source: "Control access to WebSocket APIs with IAM authorization".
"""

from collections.abc import Iterable

from pushwire.gateway.http11 import HttpRequest
from pushwire.gateway.ids import Clock
from pushwire.gateway.policies import INVOKE, MANAGE_CONNECTIONS, ApiResources
from pushwire.gateway.principals import Principal
from pushwire.gateway.signature_claims import AccessRefusedError
from pushwire.gateway.signatures import SignatureVerifier

__all__ = ["IamAccess"]


class IamAccess:
    """Lets those in who signed their request and may do what it asks.

    Args:
        principals: Who may sign, and what they may do.
        resources: The resources of the API.
        clock: The time of day.

    Raises:
        ImportError: If botocore is not installed.
    """

    def __init__(self, principals: Iterable[Principal], *, resources: ApiResources, clock: Clock) -> None:
        self._resources = resources
        self._verifier = SignatureVerifier(principals, region=resources.region, clock=clock)

    def connect(self, request: HttpRequest) -> Principal:
        """Return who asks to connect.

        Raises:
            AccessRefusedError: If nobody signed the request, or somebody who may not connect.
        """
        return self._authorized(request, INVOKE, self._resources.connect)

    def manage_connections(self, request: HttpRequest) -> Principal:
        """Return who calls the management API.

        Raises:
            AccessRefusedError: If nobody signed the request, or somebody who may not use this method.
        """
        return self._authorized(request, MANAGE_CONNECTIONS, self._resources.connections(request.method))

    def _authorized(self, request: HttpRequest, action: str, resource: str) -> Principal:
        principal = self._verifier.verify(request)
        if not principal.may_use(resource):
            user = principal.arn(self._resources.account_id)
            text = (
                f"User: {user} is not authorized to perform: {action} on resource: {self._resources.masked(resource)}"
            )
            raise AccessRefusedError("AccessDeniedException", text)
        return principal
