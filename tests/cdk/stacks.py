"""The stacks of the tests, by name. Why all in one app: a synthesis takes seconds."""

import importlib
from collections.abc import Callable
from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk.aws_apigateway import AccessLogFormat, MethodLoggingLevel
from aws_cdk.aws_apigatewayv2 import (
    DomainMappingOptions,
    DomainName,
    LogGroupLogDestination,
    ThrottleSettings,
    WebSocketApiKeySelectionExpression,
    WebSocketRouteOptions,
)
from aws_cdk.aws_apigatewayv2_authorizers import WebSocketIamAuthorizer, WebSocketLambdaAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from aws_cdk.aws_certificatemanager import Certificate
from aws_cdk.aws_iam import Role, ServicePrincipal
from aws_cdk.aws_kms import Key
from aws_cdk.aws_lambda import Alias, Code, Function, Runtime
from aws_cdk.aws_logs import LogGroup

from pushwire.cdk import ConnectionTable, Fanout, WebSocketApi

__all__ = ["STACKS", "chat", "domain", "function", "integration", "role", "services", "sized"]

Build = Callable[[Stack], None]
STACKS: dict[str, Build] = {}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/2d1c0f2e-4a6b-4a52-9f0e-0123456789ab"


def stack(name: str) -> Callable[[Build], None]:
    def declare(build: Build) -> None:
        assert name not in STACKS
        STACKS[name] = build

    return declare


def services() -> Any:
    """Return the module that is generated from `apis.proto`."""
    return importlib.import_module("apis_pushwire_cdk")


def sized(size: int) -> Any:
    """Return the module that is generated from the contract of a size."""
    return importlib.import_module(f"size{size}_pushwire_cdk")


def function(scope: Stack, name: str, **options: Any) -> Function:
    code = Code.from_inline("# app")
    return Function(scope, name, runtime=Runtime.PYTHON_3_13, handler="app.handler", code=code, **options)


def role(scope: Stack) -> Role:
    """Return a role for several functions."""
    service: Any = ServicePrincipal("lambda.amazonaws.com")
    return Role(scope, "Role", assumed_by=service)


def integration(scope: Stack, name: str = "Router", **options: Any) -> WebSocketLambdaIntegration:
    """Return an integration with a new function."""
    return WebSocketLambdaIntegration("Integration", function(scope, name, **options))


def route(scope: Stack, name: str) -> WebSocketRouteOptions:
    """Return the options of a route with a new function."""
    return WebSocketRouteOptions(integration=integration(scope, name))


def chat(scope: Stack, **options: Any) -> Any:
    """Return the API of the chat. Its integration defaults to a router."""
    if "integrations" not in options:
        options["integrations"] = services().ChatIntegrations.all(integration(scope))
    return services().ChatWebSocketApi(scope, "Api", **options)


def mocked(scope: Stack, **options: Any) -> Any:
    """Return the API of the chat without functions."""
    return chat(scope, integrations=services().ChatIntegrations.mock(), **options)


# Routes


@stack("Router")
def _(scope: Stack) -> None:
    chat(scope)


@stack("FunctionEach")
def _(scope: Stack) -> None:
    chat(
        scope,
        integrations=services().ChatIntegrations(
            join_room=integration(scope, "Join"), ping=integration(scope, "Pinged")
        ),
        connect_route_options=route(scope, "Opened"),
        disconnect_route_options=route(scope, "Shut"),
    )


@stack("RouterBehindADoor")
def _(scope: Stack) -> None:
    chat(scope, connect_route_options=route(scope, "Opened"))


@stack("OnlyConnect")
def _(scope: Stack) -> None:
    mocked(scope, connect_route_options=route(scope, "Only"))


@stack("OnlyDisconnect")
def _(scope: Stack) -> None:
    mocked(scope, disconnect_route_options=route(scope, "Only"))


@stack("Answering")
def _(scope: Stack) -> None:
    rest = WebSocketRouteOptions(integration=integration(scope, "Rest"), return_response=True)
    chat(scope, default_route_options=rest)


@stack("Names")
def _(scope: Stack) -> None:
    services().NamesWebSocketApi(scope, "Api", integrations=services().NamesIntegrations.mock())


@stack("Size1")
def _(scope: Stack) -> None:
    sized(1).SizeWebSocketApi(scope, "Api", integrations=sized(1).SizeIntegrations(take0=integration(scope, "Take")))


@stack("Size40")
def _(scope: Stack) -> None:
    sized(40).SizeWebSocketApi(scope, "Api", integrations=sized(40).SizeIntegrations.all(integration(scope)))


@stack("Size200")
def _(scope: Stack) -> None:
    sized(200).SizeWebSocketApi(scope, "Api", integrations=sized(200).SizeIntegrations.all(integration(scope)))


@stack("Size400")
def _(scope: Stack) -> None:
    sized(400).SizeWebSocketApi(scope, "Api", integrations=sized(400).SizeIntegrations.all(integration(scope)))


@stack("Binary")
def _(scope: Stack) -> None:
    router = integration(scope)
    services().BinaryWebSocketApi(scope, "Api", integrations=services().BinaryIntegrations.all(router))


@stack("Mixed")
def _(scope: Stack) -> None:
    write, paint = integration(scope, "Text"), integration(scope)
    apart = services().MixedIntegrations(write=write, paint=paint)
    services().MixedWebSocketApi(scope, "Api", integrations=apart)


@stack("TwoServices")
def _(scope: Stack) -> None:
    router = integration(scope)
    both = [services().ChatIntegrations.all(router), services().PresenceIntegrations.all(router)]
    WebSocketApi(scope, "Api", integrations=both)


@stack("TwoRouters")
def _(scope: Stack) -> None:
    chatter, present = integration(scope, "Chatter"), integration(scope, "Present")
    WebSocketApi(
        scope,
        "Api",
        integrations=[services().ChatIntegrations.all(chatter), services().PresenceIntegrations.all(present)],
        connect_route_options=WebSocketRouteOptions(integration=present),
        disconnect_route_options=WebSocketRouteOptions(integration=present),
        default_route_options=WebSocketRouteOptions(integration=chatter),
    )


@stack("Mock")
def _(scope: Stack) -> None:
    mocked(scope)


@stack("PushOnly")
def _(scope: Stack) -> None:
    services().PushWebSocketApi(scope, "Api", integrations=services().PushIntegrations())


# Authorizers and API keys


@stack("Iam")
def _(scope: Stack) -> None:
    mocked(scope, authorizer=WebSocketIamAuthorizer())


@stack("LambdaAuthorizer")
def _(scope: Stack) -> None:
    source = ["route.request.querystring.token"]
    chat(scope, authorizer=WebSocketLambdaAuthorizer("Door", function(scope, "Doorman"), identity_source=source))


@stack("ApiKey")
def _(scope: Stack) -> None:
    chat(scope, api_key_selection_expression=WebSocketApiKeySelectionExpression.HEADER_X_API_KEY)


# Functions


@stack("TwoIntegrationsOfOneFunction")
def _(scope: Stack) -> None:
    shared = function(scope, "Shared")
    join, ping = WebSocketLambdaIntegration("Join", shared), WebSocketLambdaIntegration("Ping", shared)
    chat(scope, integrations=services().ChatIntegrations(join_room=join, ping=ping))


@stack("Sink")
def _(scope: Stack) -> None:
    services().SinkWebSocketApi(
        scope,
        "Api",
        integrations=services().SinkIntegrations(collect=integration(scope, "Collect")),
        connect_route_options=route(scope, "Opened"),
    )


@stack("NoGrants")
def _(scope: Stack) -> None:
    chat(scope, disable_grants_to_integrations=True)


@stack("Workflow")
def _(scope: Stack) -> None:
    api = chat(scope)
    step = function(scope, "Step")
    api.grant_sdk(step)
    api.grant_sdk(step)  # may be called twice
    api.default_stage.grant_disconnect(function(scope, "Kicker"))
    api.default_stage.grant_inspect(function(scope, "Prober"))
    api.default_stage.grant_management_api_access(function(scope, "Manager"))
    api.default_stage.grant_connect(function(scope, "Caller"))


@stack("AliasedFunction")
def _(scope: Stack) -> None:
    live = Alias(scope, "Live", alias_name="live", version=function(scope, "Router").current_version)
    chat(scope, integrations=services().ChatIntegrations.all(WebSocketLambdaIntegration("Integration", live)))


@stack("ImportedFunction")
def _(scope: Stack) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:router"
    imported = Function.from_function_attributes(scope, "Imported", function_arn=arn, same_environment=True)
    chat(scope, integrations=services().ChatIntegrations.all(WebSocketLambdaIntegration("Integration", imported)))


# Broadcasts beyond one process


@stack("Fanout")
def _(scope: Stack) -> None:
    connections = ConnectionTable(scope, "Connections")
    fanout = Fanout(
        scope,
        "Fanout",
        worker=function(scope, "Worker"),
        api=chat(scope),
        max_workers=4,
        requests_per_second=8_000,
        progress_table=connections.table,
    )
    fanout.grant_start(function(scope, "Starter"))


@stack("FanoutWithoutProgress")
def _(scope: Stack) -> None:
    fanout = Fanout(
        scope,
        "Fanout",
        worker=function(scope, "Worker", timeout=Duration.seconds(60)),
        api=mocked(scope),
        max_workers=2,
        requests_per_second=2_500,
        max_receive_count=3,
        max_age=Duration.minutes(2),
    )
    fanout.grant_start(function(scope, "Starter"))


@stack("SlowFanout")
def _(scope: Stack) -> None:
    key: Any = Key(scope, "Key")
    fanout = Fanout(
        scope,
        "Fanout",
        worker=function(scope, "Worker", timeout=Duration.seconds(150)),
        api=mocked(scope),
        max_workers=2,
        requests_per_second=2_500,
        progress_table=ConnectionTable(scope, "Connections", encryption_key=key).table,
    )
    fanout.grant_start(function(scope, "Starter"))


# The stage


def domain(scope: Stack) -> DomainName:
    certificate = Certificate.from_certificate_arn(scope, "Certificate", CERTIFICATE)
    return DomainName(scope, "Domain", domain_name="ws.example.com", certificate=certificate)


def tell_urls(scope: Stack, api: WebSocketApi, *names: str) -> None:
    for name in names:
        CfnOutput(scope, name.title().replace("_", ""), value=getattr(api.default_stage, name))


@stack("OwnHost")
def _(scope: Stack) -> None:
    api = chat(scope, stage_name="live", stage_variables={"colour": "blue"})
    tell_urls(scope, api, "url", "callback_url")


@stack("BothHosts")
def _(scope: Stack) -> None:
    api = chat(scope, domain_mapping=DomainMappingOptions(domain_name=domain(scope), mapping_key="chat"))
    tell_urls(scope, api, "url", "callback_url", "domain_url", "domain_callback_url")


@stack("DomainOnly")
def _(scope: Stack) -> None:
    mapping = DomainMappingOptions(domain_name=domain(scope))
    api = chat(scope, domain_mapping=mapping, disable_execute_api_endpoint=True)
    tell_urls(scope, api, "url", "callback_url")


@stack("OwnLogs")
def _(scope: Stack) -> None:
    mocked(
        scope,
        access_log_destination=LogGroupLogDestination(LogGroup(scope, "Mine")),
        access_log_format=AccessLogFormat.custom("$context.requestId"),
        logging_level=MethodLoggingLevel.INFO,
        detailed_metrics_enabled=True,
        cloud_watch_role=True,
    )


@stack("NoLogs")
def _(scope: Stack) -> None:
    mocked(scope, disable_access_logging=True, logging_level=MethodLoggingLevel.OFF)


@stack("Throttled")
def _(scope: Stack) -> None:
    throttle = ThrottleSettings(rate_limit=100, burst_limit=50)
    mocked(scope, throttle=throttle, api_name="chat", description="A chat room.")


# Models


@stack("Order")
def _(scope: Stack) -> None:
    services().OrderWebSocketApi(scope, "Api", integrations=services().OrderIntegrations.mock())


@stack("NoModels")
def _(scope: Stack) -> None:
    mocked(scope, disable_route_models=True)


@stack("Connections")
def connections(scope: Stack) -> None:
    table = ConnectionTable(scope, "Connections")
    table.grant_router(function(scope, "Router"))
    table.grant_sender(function(scope, "Sender"))
    shared: Any = role(scope)
    table.grant_sender(shared)


@stack("EncryptedConnections")
def encrypted_connections(scope: Stack) -> None:
    key: Any = Key(scope, "Key")
    table = ConnectionTable(
        scope,
        "Connections",
        encryption_key=key,
        removal_policy=RemovalPolicy.RETAIN,
        deletion_protection=True,
    )
    table.grant_router(function(scope, "Router"))
