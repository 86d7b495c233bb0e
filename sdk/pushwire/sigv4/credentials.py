"""Credentials: the environment's, as in Lambda, else those of botocore's chain, which is loaded only then."""

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pushwire.errors import CredentialsError

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["CredentialChain", "Credentials", "environment_credentials"]

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
        self._refusal: tuple[float, str] | None = None

    def is_ready(self) -> bool:
        """Whether `load` answers at once: without an import, a file, or a request for temporary credentials."""
        if os.environ.get("AWS_ACCESS_KEY_ID"):
            return True
        if self._refusal is not None and self._clock() < self._refusal[0]:
            return True
        if self._found is None:
            return False
        refresh_needed = getattr(self._found, "refresh_needed", None)
        return refresh_needed is None or not refresh_needed()

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
            self._process, self._lock, self._found = os.getpid(), threading.Lock(), None
        with self._lock:
            if self._found is None:
                session = self._session()
                self._found = (session and session.get_credentials()) or self._default
            found = self._found
        # Without the lock: while botocore refreshes, other threads go on with what has not expired yet.
        return (
            found
            if found is None or isinstance(found, Credentials)
            else Credentials(*found.get_frozen_credentials()[:3])
        )

    def _refused(self, reason: str) -> CredentialsError:
        self._refusal = (self._clock() + _MAX_REFUSAL, reason)
        return CredentialsError(reason)
