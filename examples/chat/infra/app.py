"""The chat on AWS. Deploy it with `cdk deploy` in the parent folder."""

from pathlib import Path

from aws_cdk import Annotations, App, CfnOutput, Duration, IgnoreMode, Stack
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from aws_cdk.aws_lambda import Code, Function, LayerVersion, Runtime
from constructs import Construct

from chat.v1.chat_pushwire_cdk import ChatIntegrations, ChatWebSocketApi
from pushwire.cdk import ConnectionTable

CHAT = Path(__file__).parent.parent
LAYER = CHAT / "infra" / "layer"
NOT_DEPLOYED = [
    "/*",
    "!/app.py",
    "!/progress.py",
    "!/chat",
    "*_client.py",
    "*_cdk.py",
    "*.pyi",
    "__pycache__",
]


class ChatStack(Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        connections = ConnectionTable(self, "Connections")
        self._code = Code.from_asset(str(CHAT), exclude=NOT_DEPLOYED, ignore_mode=IgnoreMode.GIT)
        self._layers = self._dependencies()

        router = self._function("Router", "app.handler")
        connections.grant_router(router)
        api = ChatWebSocketApi(
            self,
            "Api",
            integrations=ChatIntegrations.all(WebSocketLambdaIntegration("RouterIntegration", router)),
            cloud_watch_role=True,  # omit this if another stack of the account has created the role
        )

        # A step of a workflow. Why `grant_sdk`: only functions behind integrations get the callback URL and permission.
        progress = self._function("Progress", "progress.handler")
        connections.grant_sender(progress)
        api.grant_sdk(progress)

        CfnOutput(self, "Url", value=api.default_stage.url)
        CfnOutput(self, "CallbackUrl", value=api.default_stage.callback_url)
        CfnOutput(self, "ProgressFunction", value=progress.function_name)

    def _dependencies(self) -> list[LayerVersion]:
        if not LAYER.exists():
            text = "infra/layer is missing, so the functions cannot import pushwire; create it as README.md describes"
            Annotations.of(self).add_warning_v2("chat:no-layer", text)
            return []
        return [LayerVersion(self, "Dependencies", code=Code.from_asset(str(LAYER)))]

    def _function(self, name: str, handler: str) -> Function:
        return Function(
            self,
            name,
            runtime=Runtime.PYTHON_3_13,
            handler=handler,
            code=self._code,
            layers=self._layers,
            timeout=Duration.seconds(29),  # the integration time-out of API Gateway
        )


if __name__ == "__main__":
    app = App()
    ChatStack(app, "Chat")
    app.synth()
