"""Credentials from the environment, as in Lambda, or from botocore's chain, which is imported only if needed."""

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
"""Seconds. While a thread refreshes credentials, the old ones are used if they are valid for longer than this."""

_MIN_INTERVAL: Final = 5.0
"""Seconds between two loads that a caller waits for: a provider may return credentials that expire within a minute."""

_MAX_REFUSAL: Final = 5.0
"""Seconds for which `load` raises the last error again. Why: each search may take seconds."""

_NOTHING_FOUND: Final = (
    "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or configure a role or a profile"
    " (botocore reads them: pip install 'pushwire[boto3]')"
)


class Credentials(NamedTuple):
    """AWS credentials. `repr` shows the access key id only.

    Attributes:
        access_key: The access key id.
        secret_key: The secret access key.
        token: The session token of temporary credentials. Defaults to `None`: long-lived credentials.
    """

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(access_key={self.access_key!r})"


def environment_credentials() -> Credentials | None:
    """Return the credentials in `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.

    Returns:
        The credentials; `None` if `AWS_ACCESS_KEY_ID` is not set.

    Raises:
        CredentialsError: `AWS_ACCESS_KEY_ID` is set, and `AWS_SECRET_ACCESS_KEY` is not.
    """
    access_key = os.environ.get("AWS_ACCESS_KEY_ID")
    if not access_key:
        return None
    secret_key = os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not secret_key:
        raise CredentialsError("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not; set both or neither")
    return Credentials(access_key, secret_key, os.environ.get("AWS_SESSION_TOKEN") or None)


class CredentialChain:
    """Finds credentials and refreshes temporary ones before they expire. Safe to share between threads.

    Args:
        session: Returns the botocore session to use if the environment has no credentials, or `None` to use no session.
            Called once, when a session is first needed.
        default: The credentials to use if none are found; `None` to raise an error.
        clock: Returns monotonic time in seconds. Defaults to `time.monotonic`.
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
        self._found: Any = None  # botocore's credentials, which refresh themselves when they are read, or the default
        self._current_credentials: Credentials | None = None  # the last ones that botocore returned
        self._loaded_at = 0.0
        self._refreshing: threading.Thread | None = None
        self._refusal: tuple[float, str] | None = None

    def is_ready(self) -> bool:
        """Return whether `load` returns at once, without an import, a file, or a request for temporary credentials."""
        if os.environ.get("AWS_ACCESS_KEY_ID"):
            return True
        if self._refusal is not None and self._clock() < self._refusal[0]:
            return True
        if self._found is None:
            return False
        return not self._needs_refresh() or self._is_valid()

    def load(self) -> Credentials:
        """Return the credentials to sign with now. May take seconds if `is_ready()` is false.

        The environment's credentials take precedence over the session's. Expiring credentials are refreshed on a
        thread while they are valid for more than a minute.

        Raises:
            CredentialsError: No credentials were found, or they cannot be loaded. The same error is raised for five
                seconds without a new search.
        """
        found = environment_credentials()
        if found is not None:
            return found
        refusal = self._refusal
        if refusal is not None and self._clock() < refusal[0]:
            raise CredentialsError(refusal[1])
        try:
            found = self._current()
        except Exception as exc:  # any type: a provider may be a request, a process or a module of the user
            raise self._refused(f"{type(exc).__name__}: {exc}") from exc
        if found is None:
            raise self._refused(_NOTHING_FOUND)
        return found

    def _current(self) -> Credentials | None:
        if self._process != os.getpid():
            # Why start again after a fork: a thread of the parent, which does not exist here, may have held the lock.
            self._process, self._lock, self._found, self._refreshing = os.getpid(), threading.Lock(), None, None
        with self._lock:
            if self._found is None:
                session = self._session()
                self._found = (session and session.get_credentials()) or self._default
            found = self._found
        if found is None or isinstance(found, Credentials):
            return found
        # Why a thread: botocore refreshes minutes before the expiry, in the calling thread, which may take seconds.
        if self._needs_refresh() and self._is_valid():
            self._refresh_on_a_thread()
            return self._current_credentials
        return self._refreshed()

    def _needs_refresh(self, within: int | None = None) -> bool:
        """Return whether the credentials expire within so many seconds; by default, botocore's own 15 minutes."""
        refresh_needed = getattr(self._found, "refresh_needed", None)
        return refresh_needed is not None and refresh_needed(within)

    def _is_valid(self) -> bool:
        if self._current_credentials is None:
            return False
        return self._clock() - self._loaded_at < _MIN_INTERVAL or not self._needs_refresh(_MIN_VALIDITY)

    def _refreshed(self) -> Credentials:
        # Why without the lock: while botocore refreshes, other threads use the credentials that are still valid.
        self._current_credentials = found = Credentials(*self._found.get_frozen_credentials()[:3])
        self._loaded_at = self._clock()
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
