"""The options of an API and its stage, with CDK's names."""

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
    """The options of a stage.

    Attributes:
        stage_name: The name of the stage. Defaults to `prod`.
        stage_variables: The variables of the stage. Defaults to none.
        throttle: The rate and the burst of messages from clients. Defaults to the account's limits.
        detailed_metrics_enabled: Whether there are metrics for each route. Defaults to false.
        domain_mapping: A custom domain with a mapping key. Defaults to none.
        disable_execute_api_endpoint: Whether the API refuses clients and posts that do not use the custom domain.
            Defaults to false.
        access_log_destination: The destination of access logs. Defaults to a new log group.
        access_log_format: The format of access logs. Defaults to a JSON object with the route, the connection, the
            status and the errors of a message.
        disable_access_logging: Whether to write no access logs. Defaults to false.
        logging_level: The level of execution logs, which never contain payloads. Defaults to errors.
        cloud_watch_role: Whether to create the role with which API Gateway writes logs, for the whole account in this
            region. Without such a role, a stage with logs cannot be deployed. Defaults to false.
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
    """The options of an API, with those of its stage.

    Attributes:
        api_name: The name of the API. Defaults to the construct's id.
        description: The description of the API. Defaults to none.
        ip_address_type: The addresses that clients may use: IPv4, or IPv4 and IPv6. Defaults to IPv4.
        api_key_selection_expression: The place of a client's API key, which `$connect` then requires. Defaults to none:
            no key is required.
        authorizer: A `WebSocketIamAuthorizer` or `WebSocketLambdaAuthorizer`, which decides whether a client may
            connect. Defaults to none: every client may connect.
        connect_route_options: The integration of `$connect`. Defaults to the router.
        disconnect_route_options: The integration of `$disconnect`. Defaults to the router.
        default_route_options: The integration of `$default`. Defaults to the router.
        disable_route_models: Whether API Gateway invokes functions without a check of messages against the contract.
            Defaults to false.
        disable_grants_to_integrations: Whether functions behind integrations get neither the permission to send nor
            `PUSHWIRE_CALLBACK_URL`. Defaults to false.
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
