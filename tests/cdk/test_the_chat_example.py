"""The chat's own app, run as `cdk` runs it, on a machine without an account."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cfnlint.api import lint

from pushwire.callback_url import ENVIRONMENT_VARIABLE
from tests.cdk.test_policies import CONNECTION, METHODS, permits
from tests.cdk.world import plain

CHAT = Path(__file__).parents[2] / "examples" / "chat"
STAGE = "arn:aws:execute-api:us-east-1:123456789012:Api/prod"


class Synthesized(NamedTuple):
    folder: Path
    template: dict[str, Any]
    printed: str

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of the resources of a kind, by the construct's id."""
        found = self.template["Resources"].items()
        return {name[:-8]: plain(each["Properties"]) for name, each in found if each["Type"] == f"AWS::{kind}"}


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    folder = tmp_path_factory.mktemp("chat.out")
    (command,) = json.loads((CHAT / "cdk.json").read_text()).values()
    words = [sys.executable if word == "python" else word for word in command.split()]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    done = subprocess.run(
        words,
        cwd=CHAT,
        env={**environment, "CDK_OUTDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Synthesized(folder, json.loads((folder / "Chat.template.json").read_text()), done.stdout + done.stderr)


def test_it_has_the_api_the_two_functions_the_table_and_outputs(chat: Synthesized) -> None:
    assert chat.resources("Lambda::Function").keys() == {"Router", "Progress"}
    assert {route["RouteKey"] for route in chat.resources("ApiGatewayV2::Route").values()} == {
        *["$connect", "$disconnect", "$default"],
        *["JoinRoom", "Say", "LeaveRoom", "ping"],
    }
    assert chat.resources("ApiGatewayV2::Model").keys() == {
        f"Api{route}RouteModel" for route in ("JoinRoom", "Say", "LeaveRoom", "ping")
    }
    (table,) = chat.resources("DynamoDB::Table").values()
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["by_user", "by_room"]
    assert chat.template["Outputs"].keys() == {"Url", "CallbackUrl", "ProgressFunction"}


def test_its_table_is_the_one_that_the_store_makes_for_itself(chat: Synthesized) -> None:
    (table,) = chat.resources("DynamoDB::Table").values()
    made: dict[str, Any] = {}

    class Client:
        def create_table(self, **given: Any) -> None:
            made.update(given)

        def update_time_to_live(self, **given: Any) -> None:
            made.update(given)

    sys.path.insert(0, str(CHAT))
    try:
        import store
    finally:
        sys.path.remove(str(CHAT))
    client: Any = Client()
    store.create_table(client)
    for part in ("KeySchema", "GlobalSecondaryIndexes", "BillingMode"):
        assert table[part] == made[part]
    assert table["TimeToLiveSpecification"] == made["TimeToLiveSpecification"]


def test_both_functions_may_send_and_know_where_to_and_neither_may_disconnect(chat: Synthesized) -> None:
    functions, policies = chat.resources("Lambda::Function"), chat.resources("IAM::Policy")
    for name in ("Router", "Progress"):
        variables = functions[name]["Environment"]["Variables"]
        assert variables[ENVIRONMENT_VARIABLE] == "https://Api.execute-api.us-east-1.amazonaws.com/prod"
        assert variables["CHAT_TABLE"] == "Connections"
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


def test_what_is_deployed_is_the_application_and_nothing_else(chat: Synthesized) -> None:
    (asset,) = chat.folder.glob("asset.*")
    files = {path.relative_to(asset).as_posix() for path in asset.rglob("*") if path.is_file()}
    assert files == {"app.py", "progress.py", "store.py", "chat/v1/chat_pb2.py", "chat/v1/chat_pushwire.py"}
    code = {each["Handler"]: each["Code"] for each in chat.resources("Lambda::Function").values()}
    assert code.keys() == {"app.handler", "progress.handler"}
    assert code["app.handler"] == code["progress.handler"]


def test_it_says_what_is_missing_before_it_can_run(chat: Synthesized) -> None:
    metadata = json.loads((chat.folder / "Chat.metadata.json").read_text())
    said = [entry["data"] for entry in metadata["/Chat"] if entry["type"] == "aws:cdk:warning"]
    assert [text.partition(",")[0] for text in said] == ["infra/layer is missing"]


def test_cfn_lint_finds_nothing_but_what_cdk_itself_causes(chat: Synthesized) -> None:
    found = lint((chat.folder / "Chat.template.json").read_text())
    assert [str(match) for match in found if match.rule.id != "W3005"] == []


def test_nothing_is_printed(chat: Synthesized) -> None:
    assert chat.printed == ""
