"""CloudFormation accepts every template, and no account is needed to make them."""

import json

import pytest
from cfnlint.api import lint

from tests.cdk.world import World

OF_CDK = "W3005"  # CDK adds a redundant dependency of a function on its role
LINTED = [
    *["Size1", "Size40", "Size200", "Size400", "FunctionEach", "Mixed", "TwoRouters", "Mock", "Order"],
    *["Iam", "LambdaAuthorizer", "ApiKey", "BothHosts", "DomainOnly", "OwnLogs", "Throttled", "Workflow"],
    *["Fanout", "FanoutWithoutProgress"],
]
"""Templates that differ in more than names. Why not all: each takes half a second."""


def test_no_template_names_an_account_or_a_region(world: World) -> None:
    assert len(world.stacks) > 25
    for name in world.stacks:
        manifest = json.loads((world.folder / "manifest.json").read_text())["artifacts"][name]
        assert manifest["environment"] == "aws://unknown-account/unknown-region"


def test_cfn_lint_finds_nothing_but_what_cdk_itself_causes(world: World) -> None:
    found: dict[str, list[str]] = {}
    for name in LINTED:
        matches = lint(world.path(name).read_text())
        found[name] = [str(match) for match in matches if match.rule.id != OF_CDK]
    assert {name: said for name, said in found.items() if said} == {}


def test_cfn_lint_would_find_a_mistake(world: World) -> None:
    template = world.path("Router").read_text()
    broken = template.replace('"AutoDeploy": true', '"AutoDeploy": "maybe"')
    assert broken != template
    assert any(match.rule.id.startswith("E") for match in lint(broken))


@pytest.mark.parametrize("name", ["Router", "Size40"])
def test_a_stack_has_room_for_more(world: World, name: str) -> None:
    assert len(world.template(name).to_json()["Resources"]) < 100
