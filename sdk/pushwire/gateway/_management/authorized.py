"""The management API with access control. Sans-I/O."""

from collections.abc import Coroutine

from pushwire.gateway._access.iam import IamAccess
from pushwire.gateway._management.faulty import FaultyManagementApi, ManagementResponse
from pushwire.gateway._management.management import ManagementApi
from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway._wire.responses import HttpResponse

__all__ = ["AuthorizedManagementApi"]


class AuthorizedManagementApi:
    """Answers requests of the management API that IAM allows, and refuses the others.

    Args:
        management: The management API without faults, which records refused requests.
        faulty: The management API with its faults, which handles allowed requests.
        access: Checks signatures and permissions; `None` allows every request.
    """

    def __init__(self, management: ManagementApi, faulty: FaultyManagementApi, *, access: IamAccess | None) -> None:
        self._management = management
        self._faulty = faulty
        self._access = access

    def answer(
        self, request: HttpRequest, connection_id: str
    ) -> HttpResponse | Coroutine[object, object, ManagementResponse]:
        """Handle a request and return the response, or return the response that refuses the request.

        Args:
            request: The request.
            connection_id: The decoded id in its path.
        """
        refusal = self._refusal(request)
        if refusal is None:
            return self._faulty.answer(request.method, connection_id, request.body)
        self._management.report(request.method, connection_id, request.body, refusal.status)
        return refusal

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        # Why: a body that was too large was discarded, so its signature cannot be verified; the 413 has no effect.
        return None if self._access is None or request.body is None else self._access.refusal_to_manage(request)
