"""Access logs and execution logs of a stage, in CloudWatch Logs."""

import json
from typing import Final, cast

from aws_cdk import RemovalPolicy
from aws_cdk.aws_apigateway import AccessLogFormat, CfnAccount, MethodLoggingLevel
from aws_cdk.aws_apigatewayv2 import CfnStage, LogGroupLogDestination
from aws_cdk.aws_apigatewayv2 import WebSocketStage as CdkWebSocketStage
from aws_cdk.aws_iam import IPrincipal, ManagedPolicy, Role, ServicePrincipal
from aws_cdk.aws_logs import LogGroup

from pushwire.cdk.options import WebSocketStageOptions

__all__ = ["write"]

_ACCESS_LOG: Final = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "eventType": "$context.eventType",
    "routeKey": "$context.routeKey",
    "connectionId": "$context.connectionId",
    "sourceIp": "$context.identity.sourceIp",
    "status": "$context.status",
    "error": "$context.error.message",
    "validationError": "$context.error.validationErrorString",
    "integrationError": "$context.integrationErrorMessage",
}
"""The default format of a line, with variables that the API Gateway guide lists for WebSocket APIs."""


def write(stage: CdkWebSocketStage, options: WebSocketStageOptions) -> None:
    """Configure the logs of a stage.

    Why by overrides of single properties: setting `DefaultRouteSettings` as a whole would replace the throttling.

    Args:
        stage: The stage.
        options: The options of the stage.
    """
    cfn_stage = cast("CfnStage", stage.node.default_child)
    level = options.get("logging_level", MethodLoggingLevel.ERROR)
    cfn_stage.add_property_override("DefaultRouteSettings.LoggingLevel", level.value)
    cfn_stage.add_property_override("DefaultRouteSettings.DataTraceEnabled", False)
    if not options.get("disable_access_logging"):
        destination = options.get("access_log_destination") or LogGroupLogDestination(LogGroup(stage, "AccessLog"))
        log_format = options.get("access_log_format") or AccessLogFormat.custom(json.dumps(_ACCESS_LOG))
        cfn_stage.access_log_settings = CfnStage.AccessLogSettingsProperty(
            destination_arn=destination.bind(stage).destination_arn, format=log_format.to_string()
        )
    if options.get("cloud_watch_role"):
        cfn_stage.node.add_dependency(_account(stage))


def _account(stage: CdkWebSocketStage) -> CfnAccount:
    """Create the account's role for logs. Why it is retained when the stack is deleted: other APIs may use it."""
    role = Role(
        stage,
        "CloudWatchRole",
        assumed_by=cast("IPrincipal", ServicePrincipal("apigateway.amazonaws.com")),
        managed_policies=[
            ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
        ],
    )
    account = CfnAccount(stage, "Account", cloud_watch_role_arn=role.role_arn)
    for kept in (role, account):
        kept.apply_removal_policy(RemovalPolicy.RETAIN)
    return account
