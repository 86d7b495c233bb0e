"""The options of an API and its stage, by the names that CDK has for them."""

from collections.abc import Mapping
from typing import TypedDict

from aws_cdk.aws_apigateway import AccessLogFormat, MethodLoggingLevel
from aws_cdk.aws_apigatewayv2 import (
    DomainMappingOptions,
    IAccessLogDestination,
    IpAddressType,
    IWebSocketRouteAuthorizer,
    ThrottleSettings,
    WebSocketApiKeySelectionExpression,
    WebSocketRouteOptions,
)

__all__ = ["WebSocketApiOptions", "WebSocketStageOptions"]


class WebSocketStageOptions(TypedDict, total=False):
    """What a stage may be given.

    Attributes:
        stage_name: Its name; `prod` unless given.
        stage_variables: Its variables.
        throttle: How many messages a second it takes from clients; the account's limits unless given.
        detailed_metrics_enabled: Whether there are metrics for each route.
        domain_mapping: A custom domain, and the mapping key below it.
        disable_execute_api_endpoint: Refuse clients and posts that do not come by the custom domain.
        access_log_destination: Where access logs go; a log group of their own unless given.
        access_log_format: What a line of them holds; what became of a message, as JSON, unless given.
        disable_access_logging: Write no access logs.
        logging_level: What execution logs tell: errors unless given. They never hold payloads.
        cloud_watch_role: Give API Gateway the role that it writes logs with, for the whole account in this region.
            Where none was ever given, a stage with logs cannot be deployed.
    """

    stage_name: str
    stage_variables: Mapping[str, str]
    throttle: ThrottleSettings
    detailed_metrics_enabled: bool
    domain_mapping: DomainMappingOptions
    disable_execute_api_endpoint: bool
    access_log_destination: IAccessLogDestination
    access_log_format: AccessLogFormat
    disable_access_logging: bool
    logging_level: MethodLoggingLevel
    cloud_watch_role: bool


class WebSocketApiOptions(WebSocketStageOptions, total=False):
    """What an API may be given beside its integrations: this, and the options of its stage.

    Attributes:
        api_name: Its name; the construct's id unless given.
        description: Its description.
        ip_address_type: Whether clients may come by IPv6 too; by IPv4 only unless given.
        api_key_selection_expression: Where clients have their API key, which `$connect` then asks for.
        authorizer: Who may connect: a `WebSocketIamAuthorizer` or `WebSocketLambdaAuthorizer`; everybody unless given.
        connect_route_options: Where `$connect` leads; to the router unless given.
        disconnect_route_options: Where `$disconnect` leads; to the router unless given.
        default_route_options: Where `$default` leads; to the router unless given.
        disable_route_models: Let API Gateway pass everything on, whether or not it fits the contract.
        disable_grants_to_integrations: Give functions neither a permission nor `PUSHWIRE_CALLBACK_URL`.
    """

    api_name: str
    description: str
    ip_address_type: IpAddressType
    api_key_selection_expression: WebSocketApiKeySelectionExpression
    authorizer: IWebSocketRouteAuthorizer
    connect_route_options: WebSocketRouteOptions
    disconnect_route_options: WebSocketRouteOptions
    default_route_options: WebSocketRouteOptions
    disable_route_models: bool
    disable_grants_to_integrations: bool
