"""Infrastructure code of users without type errors."""

from apis_pushwire_cdk import ChatIntegrations, ChatWebSocketApi, PresenceIntegrations, PushIntegrations
from aws_cdk import App, CfnOutput, Stack
from aws_cdk.aws_apigatewayv2 import ThrottleSettings, WebSocketRouteOptions
from aws_cdk.aws_apigatewayv2_authorizers import WebSocketIamAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from aws_cdk.aws_lambda import Code, Function, Runtime
from constructs import Construct

from pushwire.cdk import Integrations, WebSocketApi, WebSocketStage


class ChatStack(Stack):
    """The infrastructure of a chat."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        function = Function(
            self, "Router", runtime=Runtime.PYTHON_3_13, handler="app.handler", code=Code.from_asset("app")
        )
        router = WebSocketLambdaIntegration("Integration", function)
        api = ChatWebSocketApi(
            self,
            "Api",
            integrations=ChatIntegrations.all(router),
            authorizer=WebSocketIamAuthorizer(),
            throttle=ThrottleSettings(rate_limit=100, burst_limit=50),
            stage_name="prod",
        )
        api.grant_sdk(function)
        stage: WebSocketStage = api.default_stage
        stage.grant_disconnect(function)
        CfnOutput(self, "Url", value=stage.url)
        CfnOutput(self, "CallbackUrl", value=stage.callback_url)
        each = ChatIntegrations(join_room=router, ping=router)
        services: list[Integrations] = [each, PresenceIntegrations.mock(), PushIntegrations()]
        WebSocketApi(
            self,
            "Both",
            integrations=services,
            connect_route_options=WebSocketRouteOptions(integration=router),
        )


ChatStack(App(), "Chat")
