"""The CDK app of the chat example, run as `cdk` runs it, without an account."""

import importlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aws_cdk import App
from aws_cdk.assertions import Annotations, Match
from cfnlint.api import lint

from pushwire.callback_url import ENVIRONMENT_VARIABLE
from tests.cdk.test_policies import CONNECTION, METHODS, permits
from tests.cdk.world import plain
from tests.docs.snippets import snippet

ROOT = Path(__file__).parents[2]
CHAT = ROOT / "examples" / "chat"
STAGE = "arn:aws:execute-api:us-east-1:123456789012:Api/prod"


class Synthesized(NamedTuple):
    folder: Path
    template: dict[str, Any]
    printed: str

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of the resources of a type, by the construct's id."""
        found = self.template["Resources"].items()
        return {name[:-8]: plain(each["Properties"]) for name, each in found if each["Type"] == f"AWS::{kind}"}


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """Synthesize a copy of the example with the command in its `cdk.json`, after making its layer as in its README."""
    folder = tmp_path_factory.mktemp("example") / "chat"
    shutil.copytree(CHAT, folder, ignore=shutil.ignore_patterns("__pycache__", "cdk.out", "layer"))
    uv, *fill, requirement = shlex.split(
        next(line for line in snippet("examples/chat/README.md", "sh", "cdk deploy").splitlines() if "--target" in line)
    )
    assert requirement == "pushwire"
    if shutil.which(uv) is None:
        pytest.skip(f"{uv} is not on PATH, which fills the layer")
    run([uv, *fill, "--quiet", str(ROOT)], folder)
    (command,) = json.loads((folder / "cdk.json").read_text()).values()
    printed = run([sys.executable if word == "python" else word for word in command.split()], folder)
    return Synthesized(folder, json.loads((folder / "cdk.out" / "Chat.template.json").read_text()), printed)


def run(command: list[str], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    environment |= {"CDK_OUTDIR": "cdk.out", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_it_has_the_api_the_two_functions_the_table_and_outputs(chat: Synthesized) -> None:
    assert chat.resources("Lambda::Function").keys() == {"Router", "Progress"}
    assert {route["RouteKey"] for route in chat.resources("ApiGatewayV2::Route").values()} == {
        *["$connect", "$disconnect", "$default"],
        *["JoinRoom", "Say", "GetHistory", "LeaveRoom", "ping"],
    }
    assert chat.resources("ApiGatewayV2::Model").keys() == {
        f"Api{route}RouteModel" for route in ("JoinRoom", "Say", "LeaveRoom", "ping")
    }, "a request has no model"
    (table,) = chat.resources("DynamoDB::Table").values()
    assert "GlobalSecondaryIndexes" not in table
    assert chat.template["Outputs"].keys() == {"Url", "CallbackUrl", "ProgressFunction"}


def test_both_functions_may_send_and_know_where_to_and_neither_may_disconnect(chat: Synthesized) -> None:
    functions, policies = chat.resources("Lambda::Function"), chat.resources("IAM::Policy")
    for name in ("Router", "Progress"):
        variables = functions[name]["Environment"]["Variables"]
        assert variables[ENVIRONMENT_VARIABLE] == "https://Api.execute-api.us-east-1.amazonaws.com/prod"
        assert variables["PUSHWIRE_STORE"] == "dynamodb:ConnectionsTable"
        document = policies[f"{name}ServiceRoleDefaultPolicy"]["PolicyDocument"]
        statements = [each for each in document["Statement"] if "execute-api" in str(each["Action"])]
        allowed = [
            method
            for method in METHODS
            if permits(
                {**document, "Statement": statements}, "execute-api:ManageConnections", f"{STAGE}/{method}/{CONNECTION}"
            )
        ]
        assert allowed == ["POST"]


def test_what_is_deployed_is_the_application_and_what_it_imports_and_nothing_else(chat: Synthesized) -> None:
    contents = {
        frozenset(path.relative_to(asset).as_posix() for path in asset.rglob("*") if path.is_file())
        for asset in (chat.folder / "cdk.out").glob("asset.*")
    }
    generated = {f"chat/v1/chat_{module}.py" for module in ("pb2", "pushwire", "pushwire_operations")}
    code = {"app.py", "progress.py", *generated}
    assert code in contents
    (layer,) = contents - {frozenset(code)}
    assert {"python/pushwire/aws_lambda/router.py", "python/google/protobuf/message.py"} <= layer
    functions = chat.resources("Lambda::Function")
    assert functions["Router"]["Code"] == functions["Progress"]["Code"]
    assert {name: function["Handler"] for name, function in functions.items()} == {
        "Router": "app.handler",
        "Progress": "progress.handler",
    }
    assert chat.resources("Lambda::LayerVersion").keys() == {"Dependencies"}


def test_nothing_is_printed_where_nothing_is_missing(chat: Synthesized) -> None:
    assert chat.printed == ""
    metadata = json.loads((chat.folder / "cdk.out" / "Chat.metadata.json").read_text())
    assert [entry for entry in metadata.get("/Chat", []) if entry["type"] == "aws:cdk:warning"] == []


def test_a_missing_layer_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(CHAT)
    infra: Any = importlib.import_module("infra.app")
    monkeypatch.setattr(infra, "LAYER", tmp_path / "layer")
    stack = infra.ChatStack(App(outdir=str(tmp_path / "out")), "Chat")
    (said,) = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert "infra/layer is missing, so the functions cannot import pushwire" in str(said.entry.data)


def test_cfn_lint_finds_nothing_but_what_cdk_itself_causes(chat: Synthesized) -> None:
    found = lint((chat.folder / "cdk.out" / "Chat.template.json").read_text())
    assert [str(match) for match in found if match.rule.id != "W3005"] == []
