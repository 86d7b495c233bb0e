"""The deploy page without CDK: its SAM template, its Terraform, and the documents that they stand on.

Its Python is run by tests/cdk/test_the_pages.py, where aws-cdk-lib is installed. cfn-lint, SAM and moto are imported by
the tests that need them, because they take seconds, and each process that runs tests imports each module.
"""

import json
import re
from string import Template
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.docs.snippets import ROOT, snippet

from pushwire.callback_url import ENVIRONMENT_VARIABLE, CallbackUrl

pytestmark = pytest.mark.repository

CHAT = ROOT / "examples" / "chat"
SAM = snippet("docs/deploy.md", "yaml", "AWS::Serverless::WebSocketApi")
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::URLSuffix": "amazonaws.com",
    "Api": "a1b2c3",
}


class NoManagedPolicies:
    """Where SAM would look up the policies of the account, which has none."""

    def load(self) -> dict[str, str]:
        return {}


@pytest.fixture(scope="module")
def translated() -> dict[str, Any]:
    """What SAM makes of the template, without an account."""
    from samtranslator.translator.transform import transform
    from samtranslator.yaml_helper import yaml_parse

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        packaged = SAM.replace("CodeUri: .", "CodeUri: s3://bucket/app.zip")  # as `sam package` leaves it
        made = transform(yaml_parse(packaged), {"AWS::Region": "us-east-1"}, NoManagedPolicies())
    resources: dict[str, Any] = made["Resources"]
    return resources


def filled_in(value: Any) -> Any:
    """A part of a template, with `Fn::Sub` filled in."""
    if isinstance(value, dict) and "Fn::Sub" in value:
        return re.sub(r"\$\{([^}]+)\}", lambda name: PSEUDO[name[1]], value["Fn::Sub"])
    if isinstance(value, dict):
        return {key: filled_in(item) for key, item in value.items()}
    return [filled_in(item) for item in value] if isinstance(value, list) else value


def properties(translated: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in translated.items() if each["Type"] == f"AWS::{kind}"}


def test_cfn_lint_finds_nothing_in_the_sam_template() -> None:
    from cfnlint.api import lint

    assert [str(match) for match in lint(SAM)] == []


def test_sam_makes_the_api_and_its_routes(translated: dict[str, Any]) -> None:
    (api,) = properties(translated, "ApiGatewayV2::Api").values()
    assert (api["ProtocolType"], api["RouteSelectionExpression"]) == ("WEBSOCKET", "$request.body.route")
    routes = properties(translated, "ApiGatewayV2::Route").values()
    assert {route["RouteKey"] for route in routes} == {"$connect", "$disconnect", "$default"}
    (stage,) = properties(translated, "ApiGatewayV2::Stage").values()
    assert (stage["StageName"], stage["AutoDeploy"]) == ("prod", True)


def test_its_functions_know_where_to_post_and_may_do_nothing_else(translated: dict[str, Any]) -> None:
    from moto.iam.access_control import IAMPolicy, PermissionResult

    functions = properties(translated, "Lambda::Function")
    assert functions.keys() == {"Router", "Step"}
    for name, function in functions.items():
        url = filled_in(function["Environment"])["Variables"][ENVIRONMENT_VARIABLE]
        assert CallbackUrl.parse(url).url == url == "https://a1b2c3.execute-api.us-east-1.amazonaws.com/prod"
        (policy,) = translated[f"{name}Role"]["Properties"]["Policies"]
        document = IAMPolicy(json.dumps(filled_in(policy["PolicyDocument"])))
        stage = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/prod"
        allowed = {
            method
            for method in ("POST", "DELETE", "GET")
            if document.is_action_permitted(
                "execute-api:ManageConnections", f"{stage}/{method}/@connections/R0oXAdfD0kwCH6w="
            )
            is PermissionResult.PERMITTED
        }
        assert allowed == {"POST"}


def test_terraforms_variables_and_files_are_those_of_the_documents() -> None:
    terraform = snippet("docs/deploy.md", "hcl", "templatefile")
    (policies,) = re.findall(r'templatefile\("(documents/[^"]+)"', terraform)
    given = dict.fromkeys(re.findall(r"^    (\w+) += (?:data|aws)", terraform, re.MULTILINE), "x")
    text = (CHAT / policies).read_text()
    assert set(given) == set(re.findall(r"\$\{(\w+)\}", text))
    (purpose,) = re.findall(r'\["(\w+)"\]\)', terraform)
    assert purpose in json.loads(Template(text).safe_substitute(given))


def test_terraform_has_each_inbound_operation_with_its_own_model() -> None:
    terraform = snippet("docs/deploy.md", "hcl", "templatefile")
    models = dict(re.findall(r'^ +(\w+) += "(ChatService\.\w+)"$', terraform, re.MULTILINE))
    (routes,) = re.findall(r"^  routes = (\[.+\])$", terraform, re.MULTILINE)
    (pattern,) = re.findall(r'file\("(documents/[^"]+\.schemas/[^"]+)"\)', terraform)
    for route, name in models.items():
        schema = json.loads((CHAT / pattern.replace("${name}", name)).read_text())
        assert schema["title"] == f"chat.v1.{name}"
        assert schema["properties"]["route"]["enum"] == [route]
    contract = (CHAT / "chat" / "v1" / "chat_pushwire_operations.py").read_text()
    inbound = re.findall(r'route="(\w+)",\n +direction=Direction\.(?:CLIENT_TO_SERVER|BIDIRECTIONAL)', contract)
    assert sorted(json.loads(routes)) == sorted(inbound)
    assert {path.stem for path in (CHAT / pattern).parent.glob("*.json")} >= set(models.values())
    assert set(inbound) - set(models) == {"GetHistory"}  # a request with a reply


@pytest.mark.parametrize(("length", "fits"), [(32_768, True), (32_769, False)])
def test_terraform_refuses_a_model_that_is_too_long(length: int, fits: bool) -> None:
    (limit,) = re.findall(r"length\(each\.value\) <= (\d+)", snippet("docs/deploy.md", "hcl", "templatefile"))
    assert (length <= int(limit)) == fits


def test_the_entry_of_buf_gen_yaml_is_one_of_the_examples() -> None:
    (entry,) = YAML(typ="safe").load(snippet("docs/deploy.md", "yaml", "protoc-gen-pushwire"))
    assert entry in YAML(typ="safe").load((CHAT / "buf.gen.yaml").read_text())["plugins"]


def test_every_option_of_the_construct_that_the_page_names_exists() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    options = (ROOT / "sdk" / "pushwire" / "cdk" / "options.py").read_text()
    known = set(re.findall(r"^    (\w+): ", options, re.MULTILINE))
    named = set(re.findall(r"`((?:disable|access_log|cloud_watch|logging|domain_mapping)\w*)", page))
    assert named <= known
    assert len(named) > 6
