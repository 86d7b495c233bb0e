"""IAM authorization of handshakes and of requests to the management API. Sans-I/O.

Source: "Control access to WebSocket APIs with IAM authorization". The texts of denials are those that users reported.
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
    """Refuses requests that are not signed correctly, or that their principal may not make.

    Args:
        principals: The users that may sign requests, with their permissions.
        resources: The ARNs of the API.
        clock: Returns the time of day. Defaults to the machine's clock, which signers use, not the gateway's clock.

    Raises:
        SettingsError: Two principals have the same access key.
        ImportError: botocore is not installed.
    """

    def __init__(
        self, principals: Iterable[Principal], *, resources: ApiResources, clock: TimeOfDay = time.time
    ) -> None:
        self._resources = resources
        self._verifier = SignatureVerifier(principals, region=resources.region, clock=clock)

    def refusal_to_connect(self, request: HttpRequest) -> HttpResponse | None:
        """Return the response that refuses a handshake, or `None` if its principal may connect."""
        return self._refusal(request, INVOKE, self._resources.connect)

    def refusal_to_manage(self, request: HttpRequest) -> HttpResponse | None:
        """Return the response that refuses a request to the management API, or `None` if its principal may make it."""
        return self._refusal(request, MANAGE_CONNECTIONS, self._resources.connections(request.method))

    def _refusal(self, request: HttpRequest, action: str, resource: str) -> HttpResponse | None:
        try:
            principal = self._verifier.verify(request)
        except AccessRefusedError as error:
            logger.warning("%s %s: %s", request.method, action, error.error_type)
            return aws_error(403, error.error_type, error.message)
        if principal.may_use(resource):
            return None
        logger.warning("%s %s: the principal %s is not allowed", request.method, action, principal.name)
        user = principal.arn(self._resources.account_id)
        text = f"User: {user} is not authorized to perform: {action} on resource: {self._resources.masked(resource)}"
        # AWS spells this key "Message"; in all other errors it is "message".
        return json_response(403, {"Message": text}, ("x-amzn-ErrorType", "AccessDeniedException"))
