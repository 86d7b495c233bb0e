"""The chat on AWS: `cdk deploy`, in the folder above this one."""

from pathlib import Path

from aws_cdk import Annotations, App, CfnOutput, Duration, IgnoreMode, RemovalPolicy, Stack
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from aws_cdk.aws_dynamodb import Attribute, AttributeType, BillingMode, Table
from aws_cdk.aws_lambda import Code, Function, LayerVersion, Runtime
from constructs import Construct

from chat.v1.chat_pushwire_cdk import ChatIntegrations, ChatWebSocketApi

CHAT = Path(__file__).parent.parent
LAYER = CHAT / "infra" / "layer"
NOT_DEPLOYED = [
    "/*",
    "!/app.py",
    "!/progress.py",
    "!/store.py",
    "!/chat",
    "*_client.py",
    "*_cdk.py",
    "*.pyi",
    "__pycache__",
]


class ChatStack(Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._table = self._connections()
        self._code = Code.from_asset(str(CHAT), exclude=NOT_DEPLOYED, ignore_mode=IgnoreMode.GIT)
        self._layers = self._dependencies()

        router = self._function("Router", "app.handler")
        self._table.grant_read_write_data(router)
        api = ChatWebSocketApi(
            self,
            "Api",
            integrations=ChatIntegrations.all(WebSocketLambdaIntegration("RouterIntegration", router)),
            cloud_watch_role=True,  # remove it if another stack of the account has a role
        )

        # A step of a workflow. It is not an integration of the API, so it needs the callback URL and the permission.
        progress = self._function("Progress", "progress.handler")
        self._table.grant(progress, "dynamodb:Query", "dynamodb:DeleteItem")
        api.grant_sdk(progress)

        CfnOutput(self, "Url", value=api.default_stage.url)
        CfnOutput(self, "CallbackUrl", value=api.default_stage.callback_url)
        CfnOutput(self, "ProgressFunction", value=progress.function_name)

    def _connections(self) -> Table:
        table = Table(
            self,
            "Connections",
            partition_key=Attribute(name="connection_id", type=AttributeType.STRING),
            billing_mode=BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expires_at",
            removal_policy=RemovalPolicy.DESTROY,  # the connections end with the API
        )
        for key in ("user", "room"):
            table.add_global_secondary_index(
                index_name=f"by_{key}", partition_key=Attribute(name=key, type=AttributeType.STRING)
            )
        return table

    def _dependencies(self) -> list[LayerVersion]:
        if not LAYER.exists():
            text = "infra/layer is missing, without which the functions cannot import pushwire: see README.md"
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
            timeout=Duration.seconds(29),  # API Gateway does not wait longer
            environment={"CHAT_TABLE": self._table.table_name},
        )


if __name__ == "__main__":
    app = App()
    ChatStack(app, "Chat")
    app.synth()
