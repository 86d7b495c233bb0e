"""The infrastructure code of the README, the deploy page and the store page runs unchanged."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.codegen import toolchain
from tests.docs.snippets import snippet
from tests.support.tools import environment

PRESENCE = """
service PresenceService {
  rpc Watch(Greeting) returns (google.protobuf.Empty) {
    option (pushwire.v1.operation) = {direction: DIRECTION_CLIENT_TO_SERVER};
  }
}
"""
PARTS = """
from aws_cdk import App, Stack
from aws_cdk.aws_apigatewayv2 import DomainName
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from aws_cdk.aws_certificatemanager import Certificate
from aws_cdk.aws_lambda import Code, Function, Runtime
from chat.v1.chat_pushwire_cdk import ChatIntegrations, ChatWebSocketApi, PresenceIntegrations

app = App()
for name in ("Several", "Domain", "Store", "Stages", "Imported"):
    stack = Stack(app, name)
    function = Function(
        stack, "Router", runtime=Runtime.PYTHON_3_13, handler="app.handler", code=Code.from_inline("# app")
    )
    workflow = function
    router = WebSocketLambdaIntegration("Integration", function)
    certificate = Certificate.from_certificate_arn(stack, "Certificate", "arn:aws:acm:us-east-1:123456789012:c/1")
    domain_name = DomainName(stack, "DomainName", domain_name="ws.example.com", certificate=certificate)
    if name in ("Stages", "Imported"):
        step = Function(stack, "Step", runtime=Runtime.PYTHON_3_13, handler="a.b", code=Code.from_inline("# app"))
    if name == "Stages":
        api = ChatWebSocketApi(stack, "Api", integrations=ChatIntegrations.all(router))
    exec(SNIPPETS[name])
app.synth()
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the templates of all stacks on the pages, by name. One process makes them all."""
    folder = tmp_path_factory.mktemp("pages")
    proto = folder / "proto" / "chat" / "v1" / "chat.proto"
    proto.parent.mkdir(parents=True)
    proto.write_text(snippet("README.md", "proto", "service ChatService") + PRESENCE)
    done = toolchain.protoc(
        folder / "proto", dict.fromkeys(["python", "pushwire"], folder), parameter="targets=server+cdk"
    )
    assert done.returncode == 0, done.stderr
    (folder / "app").mkdir()
    scripts = {
        "readme": snippet("README.md", "python", "ChatWebSocketApi"),
        "deploy": snippet("docs/deploy.md", "python", "class ChatStack"),
        "fanout": snippet("docs/fanout.md", "python", "fanout = Fanout("),
        "parts": "SNIPPETS = "
        + repr(
            {
                "Several": snippet("docs/deploy.md", "python", "PresenceIntegrations"),
                "Domain": snippet("docs/deploy.md", "python", "DomainMappingOptions"),
                "Store": snippet("docs/store.md", "python", "ConnectionTable"),
                "Stages": snippet("docs/deploy.md", "python", "import WebSocketStage"),
                "Imported": snippet("docs/deploy.md", "python", "import ImportedStage"),
            }
        )
        + PARTS,
    }
    for name, text in scripts.items():
        (folder / f"{name}.py").write_text(text)
    runner = (
        "import aws_cdk, functools, runpy\n"
        "App = aws_cdk.App\n"
        f"for name in {list(scripts)}:\n"
        "    aws_cdk.App = functools.partial(App, outdir=f'out/{name}')\n"
        "    runpy.run_path(f'{name}.py')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", runner],
        cwd=folder,
        env=environment(PYTHONPATH=str(folder)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return {
        f"{path.parent.name}/{path.name.partition('.')[0]}": json.loads(path.read_text())["Resources"]
        for path in sorted((folder / "out").rglob("*.template.json"))
    }


def kinds(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in resources.values() if each["Type"] == f"AWS::{kind}"]


def routes(resources: dict[str, Any]) -> set[str]:
    return {route["RouteKey"] for route in kinds(resources, "ApiGatewayV2::Route")}


def test_the_readmes_stack(pages: dict[str, Any]) -> None:
    resources = pages["readme/Chat"]
    assert routes(resources) == {"$connect", "$disconnect", "$default"}  # its contract has only outbound operations
    (function,) = kinds(resources, "Lambda::Function")
    assert "PUSHWIRE_CALLBACK_URL" in function["Environment"]["Variables"]
    (policy,) = kinds(resources, "IAM::Policy")
    assert policy["PolicyDocument"]["Statement"][0]["Action"] == "execute-api:ManageConnections"


def test_the_deploy_pages_stack(pages: dict[str, Any]) -> None:
    resources = pages["deploy/Chat"]
    assert len(kinds(resources, "IAM::Policy")) == len(kinds(resources, "Lambda::Function")) == 2
    (stage,) = kinds(resources, "ApiGatewayV2::Stage")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 100
    assert "AWS_IAM" in {route["AuthorizationType"] for route in kinds(resources, "ApiGatewayV2::Route")}


def test_the_fanout_pages_stack(pages: dict[str, Any]) -> None:
    resources = pages["fanout/Chat"]
    (source,) = kinds(resources, "Lambda::EventSourceMapping")
    assert source["ScalingConfig"] == {"MaximumConcurrency": 4}
    assert len(kinds(resources, "SQS::Queue")) == len(kinds(resources, "CloudWatch::Alarm")) == 2


def test_the_deploy_pages_parts(pages: dict[str, Any]) -> None:
    assert "Watch" in routes(pages["parts/Several"])
    (mapping,) = kinds(pages["parts/Domain"], "ApiGatewayV2::ApiMapping")
    assert mapping["ApiMappingKey"] == "chat"
    assert {each["StageName"] for each in kinds(pages["parts/Stages"], "ApiGatewayV2::Stage")} == {"prod", "beta"}
    (policy,) = kinds(pages["parts/Imported"], "IAM::Policy")
    assert "a1b2c3d4e5/prod/POST" in str(policy["PolicyDocument"])


def test_the_store_pages_table(pages: dict[str, Any]) -> None:
    resources = pages["parts/Store"]
    (table,) = kinds(resources, "DynamoDB::Table")
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    (function,) = kinds(resources, "Lambda::Function")
    assert "PUSHWIRE_STORE" in function["Environment"]["Variables"]
