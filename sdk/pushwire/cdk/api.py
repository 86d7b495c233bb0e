"""The API of one or several services."""

from collections.abc import Sequence
from typing import Final, Unpack, cast

from aws_cdk import Annotations, Stack
from aws_cdk.aws_apigatewayv2 import CfnApi
from aws_cdk.aws_apigatewayv2 import WebSocketApi as CdkWebSocketApi
from aws_cdk.aws_iam import Grant, IGrantable
from aws_cdk.aws_lambda import FunctionBase
from constructs import Construct

from pushwire.callback_url import ENVIRONMENT_VARIABLE
from pushwire.cdk import _models, _routes
from pushwire.cdk._functions import RoutedFunction, function_of, invoked
from pushwire.cdk._plan import CONNECT, DISCONNECT
from pushwire.cdk.errors import InfrastructureError
from pushwire.cdk.integrations import Integrations
from pushwire.cdk.options import WebSocketApiOptions
from pushwire.cdk.stage import WebSocketStage

__all__ = ["WebSocketApi"]

_MARK: Final = "PushwireApi-"
"""The prefix of the id of a construct that marks a function with the API of its callback URL."""


class WebSocketApi(CdkWebSocketApi):
    """A CDK `WebSocketApi` for the contracts of one or several services, with a stage.

    Every operation that clients send has a route, with a model that refuses messages that do not match the contract.
    Functions behind integrations get `PUSHWIRE_CALLBACK_URL`, and the permission to send to connections of this stage.

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
        built = _routes.build(self, planned.routes, options)
        if not options.get("disable_route_models"):
            _models.attach(self, {route.operation: made for route, made in built if route.operation is not None})
        sends = any(operation.direction.outbound for service in integrations for operation in service.operations())
        for each in invoked((made, route.integration) for route, made in built):
            self._restrict(each)
            # Why: functions that receive messages must be able to send error frames. Functions of $connect and
            # $disconnect alone need no permission if the contract has no outbound operation.
            if (sends or set(each.keys) - {CONNECT, DISCONNECT}) and not options.get("disable_grants_to_integrations"):
                self._equip(each)

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
            InfrastructureError: The function is not defined in this app, or sends to another API.
        """
        defined = function_of(function)
        if defined is None:
            raise InfrastructureError(
                f"{function.node.path} is not defined in this app, so its environment cannot be changed; set "
                f"{ENVIRONMENT_VARIABLE} where it is defined, and call default_stage.grant_send(function)"
            )
        mark = f"{_MARK}{self.node.addr}"
        marks = {child.node.id for child in defined.node.children if child.node.id.startswith(_MARK)}
        if marks - {mark}:
            raise InfrastructureError(
                f"{defined.node.path} has the {ENVIRONMENT_VARIABLE} of another API; use a function for each API, or "
                "pass disable_grants_to_integrations=True and call default_stage.grant_send(function)"
            )
        if not marks:
            Construct(defined, mark)
            defined.add_environment(ENVIRONMENT_VARIABLE, self.default_stage.callback_url)
        return self.default_stage.grant_send(cast("IGrantable", function))

    def _restrict(self, each: RoutedFunction) -> None:
        """Restrict the permission to invoke a function to this stage, and to its route if it has only one."""
        each.permission.source_arn = self.arn_for_execute_api_v2(
            each.keys[0] if len(each.keys) == 1 else "*", self.default_stage.stage_name
        )

    def _equip(self, each: RoutedFunction) -> None:
        """Give a function the permission to send and, if possible, `PUSHWIRE_CALLBACK_URL`."""
        function = each.function
        if function is None or function_of(function) is None:
            self._warn(each, "is not defined in this app; call default_stage.grant_send(function) to let it send")
        elif Stack.of(function).node.addr == Stack.of(self).node.addr:
            self.grant_sdk(function)
        elif function.role is not None:
            self.default_stage.grant_send_from_this_stack(function.role)
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
