"""Clients of boto3 for the AWS services beside API Gateway."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Final

from pushwire._functions import is_async, is_unawaited
from pushwire.errors import PushwireError

__all__ = ["ServiceClient"]

_SETTINGS: Final[dict[str, Any]] = {
    "connect_timeout": 1,
    "read_timeout": 3,
    "retries": {"total_max_attempts": 4, "mode": "standard"},
}


class ServiceClient:
    """A sync client of one service, whose failures are raised as an error of Pushwire.

    A process that has used a client that was made here may fork.

    Args:
        client: The user's own client. `None` to make one.
        service: The service, as boto3 names it.
        title: The service, as AWS names it.
        methods: The names of the methods that are called.
        error: The error to raise, with a text.
        if_async: What to pass in place of an async client, for the error.
        **settings: Settings of botocore's `Config` for a client that is made here, in place of the default ones.

    Attributes:
        client: The client.

    Raises:
        ImportError: boto3 is not installed.
        PushwireError: A client cannot be made, for example because no region is known. It has the type `error`.
        TypeError: The client is not a sync client of the service.
    """

    def __init__(
        self,
        client: Any,
        *,
        service: str,
        title: str,
        methods: Sequence[str],
        error: Callable[[str], PushwireError],
        if_async: str,
        **settings: Any,
    ) -> None:
        self._service = service
        self._error = error
        self._if_async = if_async
        self._process: int | None = None
        if client is None:
            self.client = self._default(title, settings)
            self._process = os.getpid()
        else:
            self.client = client
            self._check([getattr(client, name, None) for name in methods])

    def call(self, what: str, request: Callable[..., Any], **parameters: Any) -> Any:
        """Call a method of the client, and return its answer.

        Args:
            what: The call and its subject, for the error.
            request: The method.
            **parameters: Its arguments.

        Raises:
            PushwireError: The call failed. The error of botocore is its cause.
            TypeError: The client is async.
        """
        if self._process not in {None, os.getpid()}:
            self.client.close()  # this process has copies of the parent's connections
            self._process = os.getpid()
        try:
            answer = request(**parameters)
        except Exception as error:  # any type: a provider of credentials may be a process or a module of the user
            raise self._error(f"{what} failed: {error}") from error
        if is_unawaited(answer):
            raise self._async_client()
        return answer

    def _default(self, title: str, settings: dict[str, Any]) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise ImportError(
                "boto3 is not installed: pip install 'pushwire[boto3]' (Lambda's own run time has it)"
            ) from error
        try:
            # Users who called boto3.setup_default_session() expect its settings to apply.
            session: Any = boto3.DEFAULT_SESSION or boto3.session.Session()
            return session.client(self._service, config=Config(**_SETTINGS | settings))
        except Exception as error:  # any type: a provider of credentials may be a process or a module of the user
            raise self._error(f"a client of {title} cannot be made: {type(error).__name__}: {error}") from error

    def _check(self, methods: Sequence[object]) -> None:
        meta = getattr(self.client, "meta", None)
        service = getattr(getattr(meta, "service_model", None), "service_name", self._service)
        if not all(map(callable, methods)) or (isinstance(service, str) and service != self._service):
            raise TypeError(f"client= must be boto3.client({self._service!r}), not {type(self.client).__name__}")
        # aiobotocore's methods are plain functions that return what this coroutine function returns.
        if any(map(is_async, (*methods, getattr(self.client, "_make_api_call", None)))):
            raise self._async_client()

    def _async_client(self) -> TypeError:
        return TypeError(f"client= is async ({type(self.client).__module__}): {self._if_async}")
