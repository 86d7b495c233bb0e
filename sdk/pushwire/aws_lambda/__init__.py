"""Lambda handlers: the bases of generated `…Handlers` and `…Router` classes, requests, events and interceptors."""

from pushwire.aws_lambda.async_interceptors import AsyncCallNext, AsyncInterceptor, async_logging_interceptor
from pushwire.aws_lambda.async_router import AsyncRouter, AsyncServiceRouter
from pushwire.aws_lambda.connect import ConnectionAccepted, ConnectionDenied
from pushwire.aws_lambda.errors import EventError, MissingStateError, RouterError
from pushwire.aws_lambda.events import ConnectEvent, DisconnectEvent, MessageEvent
from pushwire.aws_lambda.handlers import (
    AsyncBind,
    AsyncBindConnect,
    AsyncBindReply,
    AsyncHandlers,
    Bind,
    BindConnect,
    BindReply,
    Handlers,
)
from pushwire.aws_lambda.interceptors import AnyRequest, CallNext, Interceptor, logging_interceptor
from pushwire.aws_lambda.request import ConnectRequest, DisconnectRequest, Request
from pushwire.aws_lambda.router import Router, ServiceRouter
from pushwire.aws_lambda.state import RequestState, StateKey

__all__ = [
    "AnyRequest",
    "AsyncBind",
    "AsyncBindConnect",
    "AsyncBindReply",
    "AsyncCallNext",
    "AsyncHandlers",
    "AsyncInterceptor",
    "AsyncRouter",
    "AsyncServiceRouter",
    "Bind",
    "BindConnect",
    "BindReply",
    "CallNext",
    "ConnectEvent",
    "ConnectRequest",
    "ConnectionAccepted",
    "ConnectionDenied",
    "DisconnectEvent",
    "DisconnectRequest",
    "EventError",
    "Handlers",
    "Interceptor",
    "MessageEvent",
    "MissingStateError",
    "Request",
    "RequestState",
    "Router",
    "RouterError",
    "ServiceRouter",
    "StateKey",
    "async_logging_interceptor",
    "logging_interceptor",
]
