"""The management API, for those who may call it. Sans-I/O."""

from collections.abc import Coroutine

from pushwire.gateway._access.iam import IamAccess
from pushwire.gateway._management.faulty import Answer, UnreliableManagementApi
from pushwire.gateway._management.management import ManagementApi
from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway._wire.responses import HttpResponse

__all__ = ["GuardedManagementApi"]


class GuardedManagementApi:
    """Answers the requests of those who may make them.

    Args:
        management: The management API itself.
        unreliable: The management API with its faults.
        access: Who may call it; everybody where it is `None`.
    """

    def __init__(
        self, management: ManagementApi, unreliable: UnreliableManagementApi, *, access: IamAccess | None
    ) -> None:
        self._management = management
        self._unreliable = unreliable
        self._access = access

    def answer(self, request: HttpRequest, connection_id: str) -> HttpResponse | Coroutine[object, object, Answer]:
        """Do what a request asks and return the response, or return why its sender may not ask.

        Args:
            request: The request.
            connection_id: The decoded id.
        """
        refusal = self._refusal(request)
        if refusal is None:
            return self._unreliable.answer(request.method, connection_id, request.body)
        self._management.note(request.method, connection_id, request.body, refusal.status)
        return refusal

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        # A body that was too large is gone: no signature over it can be verified, and a 413 does nothing.
        return None if self._access is None or request.body is None else self._access.refusal_to_manage(request)
