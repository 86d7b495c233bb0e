"""The app with the stacks of all tests, and helpers that read their templates."""

from pathlib import Path
from typing import Any, NamedTuple

from aws_cdk import App, Stack
from aws_cdk.assertions import Annotations, Match, Template

from tests.cdk.stacks import STACKS

__all__ = ["ACCOUNT", "REGION", "World", "environment", "plain", "senders"]

ACCOUNT, REGION = "123456789012", "us-east-1"
_PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::Region": REGION, "AWS::URLSuffix": "amazonaws.com"}


class World(NamedTuple):
    """The synthesized app."""

    stacks: dict[str, Stack]
    folder: Path

    def template(self, name: str) -> Template:
        """Return the template of a stack for assertions."""
        return Template.from_stack(self.stacks[name])

    def path(self, name: str) -> Path:
        """Return the file of a stack's template."""
        return self.folder / f"{name}.template.json"

    def resources(self, name: str, kind: str) -> list[dict[str, Any]]:
        """Return the properties of a stack's resources of one type, such as `ApiGatewayV2::Route`."""
        found = self.template(name).find_resources(f"AWS::{kind}")
        return [resource["Properties"] for resource in found.values()]

    def annotations(self, name: str) -> list[str]:
        """Return the annotations of the construct: `info: …` and `warning: …`."""
        said = Annotations.from_stack(self.stacks[name])
        kinds = {"info": said.find_info, "warning": said.find_warning}
        return [
            f"{kind}: {message.entry.data}" for kind, find in kinds.items() for message in find("*", Match.any_value())
        ]


def build(folder: Path) -> World:
    """Build and synthesize all stacks."""
    app = App(outdir=str(folder), analytics_reporting=False)
    stacks = {name: Stack(app, name) for name in STACKS}
    for name, fill in STACKS.items():
        fill(stacks[name])
    app.synth()
    return World(stacks, folder)


def plain(value: Any) -> Any:
    """Resolve the references in a part of a template, with the ids of constructs as the ids of resources."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Ref": str(name)}:
            return _PSEUDO.get(name) or name[:-8]
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return f"arn:{name[:-8]}"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(plain(parts))
        case _:
            return {key: plain(item) for key, item in value.items()}


def environment(world: World, name: str, function: str) -> dict[str, str]:
    """Return the environment of a function, by its construct's id."""
    found = world.template(name).find_resources("AWS::Lambda::Function")
    (resource,) = [each for key, each in found.items() if key[:-8] == function]
    variables: dict[str, str] = plain(resource["Properties"].get("Environment", {}).get("Variables", {}))
    return variables


def senders(world: World, name: str) -> set[str]:
    """Return the functions whose role may POST to connections."""
    return {
        policy["Roles"][0]["Ref"].partition("ServiceRole")[0]
        for policy in world.resources(name, "IAM::Policy")
        if "/POST/@connections/*" in plain(policy["PolicyDocument"]["Statement"][0])["Resource"]
    }
