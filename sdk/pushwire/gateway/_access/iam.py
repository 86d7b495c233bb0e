"""IAM authorization: who may manage connections, and who may connect. Sans-I/O.

Source: "Control access to WebSocket APIs with IAM authorization". Denials are worded as users reported them.
"""

import logging
import time
from collections.abc import Iterable

from pushwire.gateway._access.policies import INVOKE, MANAGE_CONNECTIONS, ApiResources
from pushwire.gateway._access.principals import Principal
from pushwire.gateway._access.signature_claims import AccessRefusedError
from pushwire.gateway._access.signatures import SignatureVerifier
from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway._wire.responses import HttpResponse, aws_error, json_response
from pushwire.gateway.clock import TimeOfDay

__all__ = ["IamAccess"]

logger = logging.getLogger("pushwire.gateway")


class IamAccess:
    """Refuses those who did not sign their request, or may not do what it asks.

    Args:
        principals: Who may sign, and what they may do.
        resources: The resources of the API.
        clock: The time of day, by the clock that signers go by: the machine's, whatever the gateway's shows.

    Raises:
        SettingsError: If two principals have one access key.
        ImportError: If botocore is not installed.
    """

    def __init__(
        self, principals: Iterable[Principal], *, resources: ApiResources, clock: TimeOfDay = time.time
    ) -> None:
        self._resources = resources
        self._verifier = SignatureVerifier(principals, region=resources.region, clock=clock)

    def refusal_to_connect(self, request: HttpRequest) -> HttpResponse | None:
        """Return how a handshake is refused, or `None` if who signed it may connect."""
        return self._refusal(request, INVOKE, self._resources.connect)

    def refusal_to_manage(self, request: HttpRequest) -> HttpResponse | None:
        """Return how a request to the management API is refused, or `None` if who signed it may make it."""
        return self._refusal(request, MANAGE_CONNECTIONS, self._resources.connections(request.method))

    def _refusal(self, request: HttpRequest, action: str, resource: str) -> HttpResponse | None:
        try:
            principal = self._verifier.verify(request)
        except AccessRefusedError as error:
            logger.warning("%s %s: %s", request.method, action, error.error_type)
            return aws_error(403, error.error_type, error.message)
        if principal.may_use(resource):
            return None
        logger.warning("%s %s: %s may not", request.method, action, principal.name)
        user = principal.arn(self._resources.account_id)
        text = f"User: {user} is not authorized to perform: {action} on resource: {self._resources.masked(resource)}"
        # This one, AWS capitalizes.
        return json_response(403, {"Message": text}, ("x-amzn-ErrorType", "AccessDeniedException"))
