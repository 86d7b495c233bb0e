"""Credentials: the environment's, as in Lambda, or those of botocore's chain, which is imported only if needed."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pushwire.errors import CredentialsError

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["CredentialChain", "Credentials", "environment_credentials"]

_MIN_VALIDITY: Final = 60
"""Seconds. Credentials that are valid for longer are used while a thread refreshes them."""

_MAX_REFUSAL: Final = 5.0
"""Seconds for which nothing is looked for again after it was not found: looking may take seconds each time."""

_NOTHING_FOUND: Final = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role or a profile"
    " (which are found through botocore: pip install 'pushwire[boto3]')"
)


class Credentials(NamedTuple):
    """What signs requests. The secret and the token are left out of its `repr`.

    Attributes:
        access_key: The access key id.
        secret_key: The secret access key.
        token: The session token of temporary credentials.
    """

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(access_key={self.access_key!r})"


def environment_credentials() -> Credentials | None:
    """Read `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; `None` where the first is not set.

    Raises:
        CredentialsError: The second is missing.
    """
    access_key = os.environ.get("AWS_ACCESS_KEY_ID")
    if not access_key:
        return None
    secret_key = os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not secret_key:
        raise CredentialsError("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not")
    return Credentials(access_key, secret_key, os.environ.get("AWS_SESSION_TOKEN") or None)


class CredentialChain:
    """Finds credentials, and has temporary ones refreshed before they expire. Safe to share between threads.

    Args:
        session: Gives the botocore session to ask where the environment has no credentials; `None` where there is none
            to ask. Called when it is first needed.
        default: The credentials where none are found; `None` to raise an error.
    """

    def __init__(
        self,
        session: "Callable[[], Session | None]",
        *,
        default: Credentials | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._default = default
        self._clock = clock
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._found: Any = None  # botocore's, which refresh themselves when they are read, or the default
        self._current_credentials: Credentials | None = None  # the last ones that botocore returned
        self._refreshing: threading.Thread | None = None
        self._refusal: tuple[float, str] | None = None

    def is_ready(self) -> bool:
        """Whether `load` answers at once: without an import, a file, or a request for temporary credentials."""
        if os.environ.get("AWS_ACCESS_KEY_ID"):
            return True
        if self._refusal is not None and self._clock() < self._refusal[0]:
            return True
        if self._found is None:
            return False
        return not self._needs_refresh() or self._is_valid()

    def load(self) -> Credentials:
        """The credentials to sign with now. Where `is_ready` is false it may take seconds.

        Raises:
            CredentialsError: There are none, or they cannot be loaded.
        """
        found = environment_credentials()
        if found is not None:
            return found
        refusal = self._refusal
        if refusal is not None and self._clock() < refusal[0]:
            raise CredentialsError(refusal[1])
        try:
            found = self._current()
        except Exception as exc:  # a provider may be a request, a process, a module of the user's
            raise self._refused(f"{type(exc).__name__}: {exc}") from exc
        if found is None:
            raise self._refused(_NOTHING_FOUND)
        return found

    def _current(self) -> Credentials | None:
        if self._process != os.getpid():  # a fork, maybe in the middle of a look-up whose thread is not here
            self._process, self._lock, self._found, self._refreshing = os.getpid(), threading.Lock(), None, None
        with self._lock:
            if self._found is None:
                session = self._session()
                self._found = (session and session.get_credentials()) or self._default
            found = self._found
        if found is None or isinstance(found, Credentials):
            return found
        # botocore refreshes minutes ahead of the expiry, in the thread that asks. That may take seconds.
        if self._needs_refresh() and self._is_valid():
            self._refresh_on_a_thread()
            return self._current_credentials
        return self._refreshed()

    def _needs_refresh(self, within: int | None = None) -> bool:
        """Whether the credentials expire within these seconds; by default, those before which botocore refreshes."""
        refresh_needed = getattr(self._found, "refresh_needed", None)
        return refresh_needed is not None and refresh_needed(within)

    def _is_valid(self) -> bool:
        return self._current_credentials is not None and not self._needs_refresh(_MIN_VALIDITY)

    def _refreshed(self) -> Credentials:
        # Without the lock: while botocore refreshes, other threads use credentials that have not expired yet.
        self._current_credentials = found = Credentials(*self._found.get_frozen_credentials()[:3])
        return found

    def _refresh_on_a_thread(self) -> None:
        with self._lock:
            if self._refreshing is None or not self._refreshing.is_alive():
                self._refreshing = threading.Thread(target=self._refresh, name="pushwire-credentials", daemon=True)
                self._refreshing.start()

    def _refresh(self) -> None:
        with suppress(Exception):  # `load` raises it when the credentials are no longer valid
            self._refreshed()

    def _refused(self, reason: str) -> CredentialsError:
        self._refusal = (self._clock() + _MAX_REFUSAL, reason)
        return CredentialsError(reason)
