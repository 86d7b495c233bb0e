"""The API of one or several services."""

from collections.abc import Collection, Sequence
from typing import Unpack, cast

import jsii
from aws_cdk import Annotations, Stack
from aws_cdk.aws_apigatewayv2 import CfnApi
from aws_cdk.aws_apigatewayv2 import WebSocketApi as CdkWebSocketApi
from aws_cdk.aws_apigatewayv2 import WebSocketStage as CdkWebSocketStage
from aws_cdk.aws_iam import Grant, IGrantable
from aws_cdk.aws_lambda import CfnFunction, CfnPermission, FunctionBase
from constructs import Construct, IValidation

from pushwire.callback_url import ENVIRONMENT_VARIABLE
from pushwire.cdk import _models, _routes
from pushwire.cdk._functions import RoutedFunction, function_of, invoked
from pushwire.cdk._plan import CONNECT, DISCONNECT
from pushwire.cdk.integrations import Integrations
from pushwire.cdk.options import WebSocketApiOptions
from pushwire.cdk.stage import HasStages, WebSocketStage

__all__ = ["WebSocketApi"]


class WebSocketApi(CdkWebSocketApi, HasStages):
    """A CDK `WebSocketApi` for the contracts of one or several services, with a stage.

    Every operation that clients send has a route, with a model that refuses messages that do not match the contract.
    Functions behind integrations get `PUSHWIRE_CALLBACK_URL`, and the permission to send to connections of this stage.

    Synthesis fails if the API has functions and a stage that is not a `pushwire.cdk.WebSocketStage`.

    Args:
        scope: The parent construct.
        id: The id of this construct in its parent.
        integrations: The integrations of each service.
        options: The options of the API and its stage, as in `WebSocketApiOptions`.

    Raises:
        InfrastructureError: The integrations and options cannot be combined.
        TypeError: An option is unknown.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002  # CDK's name
        *,
        integrations: Sequence[Integrations],
        **options: Unpack[WebSocketApiOptions],
    ) -> None:
        for name in options.keys() - WebSocketApiOptions.__optional_keys__:
            known = ", ".join(sorted(WebSocketApiOptions.__optional_keys__))
            raise TypeError(f"{type(self).__name__} has no option {name!r}; the options are {known}")
        planned = _routes.planned(integrations, options)
        self._routed: list[RoutedFunction] = []
        self._equipped: list[FunctionBase] = []
        super().__init__(
            scope,
            id,
            route_selection_expression="$request.body.route",
            api_name=options.get("api_name"),
            description=options.get("description"),
            ip_address_type=options.get("ip_address_type"),
            api_key_selection_expression=options.get("api_key_selection_expression"),
        )
        cast("CfnApi", self.node.default_child).disable_execute_api_endpoint = options.get(
            "disable_execute_api_endpoint"
        )
        self._default_stage = WebSocketStage(self, "DefaultStage", web_socket_api=self, options=options)
        for remark in planned.remarks:
            Annotations.of(self).add_info(remark)
        for warning in planned.warnings:
            Annotations.of(self).add_warning_v2("pushwire:too-many-routes", warning)
        built = _routes.build(self, planned.routes, options)
        if not options.get("disable_route_models"):
            _models.attach(self, {route.operation: made for route, made in built if route.operation is not None})
        sends = any(operation.direction.outbound for service in integrations for operation in service.operations())
        self._routed = invoked((made, route.integration) for route, made in built)
        for each in self._routed:
            self._restrict(each)
            # Why: functions that receive messages must be able to send error frames. Functions of $connect and
            # $disconnect alone need no permission if the contract has no outbound operation.
            if (sends or set(each.keys) - {CONNECT, DISCONNECT}) and not options.get("disable_grants_to_integrations"):
                self._equip(each)
        if self._routed:
            self.node.add_validation(_StageValidation(self))

    @property
    def default_stage(self) -> WebSocketStage:
        """The stage, with its `url`, its `callback_url`, and grants for its management API."""
        return self._default_stage

    def grant_sdk(self, function: FunctionBase) -> Grant:
        """Give a function `PUSHWIRE_CALLBACK_URL` and the permission to send, for use of the Server SDK.

        Functions behind integrations have both. Use this method for other functions, such as those of a Step Functions
        workflow.

        Args:
            function: The function, or its alias or version.

        Returns:
            The grant of the permission to send.

        Raises:
            InfrastructureError: The function is not defined in this app, sends to another API or stage, or is in a
                stack that has functions behind this API.
        """
        return self.default_stage.grant_sdk(function)

    def grant_manage_connections(self, identity: IGrantable) -> Grant:
        """Grant all permissions on connections of the default stage (`POST`, `DELETE` and `GET`).

        Args:
            identity: The function, role or other principal.

        Returns:
            The grant.
        """
        return self.default_stage.grant_management_api_access(identity)

    def upstream_stacks(self) -> Collection[str]:
        """Return the addresses of the stacks whose functions the API has, including those of authorizers."""
        functions = [
            RoutedFunction(child, []).function for child in self.node.find_all() if isinstance(child, CfnPermission)
        ]
        return {Stack.of(function).node.addr for function in functions if function is not None}

    def serve(self, stage: WebSocketStage) -> None:
        """Let API Gateway invoke the API's functions for another stage, and let them send to its connections.

        The functions then have no `PUSHWIRE_CALLBACK_URL`, because they send to several stages: they take the URL from
        events.

        Args:
            stage: The stage.
        """
        for number, each in enumerate(self._routed):
            CfnPermission(
                stage,
                f"Permission{number}",
                action="lambda:InvokeFunction",
                function_name=each.permission.function_name,
                principal="apigateway.amazonaws.com",
                source_arn=self._source_arn(each, stage),
            )
        for function in self._equipped:
            stage.grant_send(cast("IGrantable", function))
            defined = function_of(function)
            if defined is not None:
                cfn_function = cast("CfnFunction", defined.node.default_child)
                cfn_function.add_property_deletion_override(f"Environment.Variables.{ENVIRONMENT_VARIABLE}")
        if self._routed and not (stage.has_execute_api_endpoint and self.default_stage.has_execute_api_endpoint):
            Annotations.of(stage).add_warning_v2(
                "pushwire:several-stages",
                "Functions of an API with several stages take the callback URL from events, which do not contain the "
                "whole address of a custom domain. Enable the execute-api endpoint.",
            )

    def _restrict(self, each: RoutedFunction) -> None:
        """Restrict the permission to invoke a function to the default stage, and to its route if it has only one."""
        each.permission.source_arn = self._source_arn(each, self.default_stage)

    def _source_arn(self, each: RoutedFunction, stage: WebSocketStage) -> str:
        return self.arn_for_execute_api_v2(each.keys[0] if len(each.keys) == 1 else "*", stage.stage_name)

    def _equip(self, each: RoutedFunction) -> None:
        """Give a function the permission to send and, if possible, `PUSHWIRE_CALLBACK_URL`."""
        function = each.function
        if function is None or function_of(function) is None:
            self._warn(each, "is not defined in this app; call default_stage.grant_send(function) to let it send")
        elif Stack.of(function).node.addr == Stack.of(self).node.addr:
            self.grant_sdk(function)
            self._equipped.append(function)
        else:
            self.default_stage.grant_send(cast("IGrantable", function))
            self._equipped.append(function)
            if not self.default_stage.has_execute_api_endpoint:
                self._warn(
                    each,
                    f"is in another stack; set {ENVIRONMENT_VARIABLE} there, because events do not contain the whole "
                    "address of a custom domain",
                )

    def _warn(self, each: RoutedFunction, text: str) -> None:
        Annotations.of(self).add_warning_v2(
            "pushwire:function-elsewhere", f"The function behind {', '.join(each.keys)} {text}."
        )


@jsii.implements(IValidation)
class _StageValidation:
    """Finds stages of CDK's own class at synthesis. Why then: such a stage does not call the API when it is made."""

    def __init__(self, api: WebSocketApi) -> None:
        self._api = api

    def validate(self) -> list[str]:
        return [
            f"{each.node.path} must be a pushwire.cdk.WebSocketStage, not CDK's own: API Gateway could not invoke the "
            "API's functions from it"
            for each in self._api.node.root.node.find_all()
            if isinstance(each, CdkWebSocketStage)
            and not isinstance(each, WebSocketStage)
            and each.api.api_id == self._api.api_id
        ]
