"""The plugin's options: their values, and errors for all invalid ones in one run."""

from dataclasses import fields

import pytest

from pushwire.plugin import main
from pushwire.plugin.files import TARGETS
from pushwire.plugin.parameters import ParameterError, Parameters, parse

KNOWN = ("server", "client", "cdk")
DEFAULT = ("server", "client")


DEFAULT = ("server", "client")


def parsed(text: str) -> Parameters:
    return parse(text, targets=KNOWN, default=DEFAULT)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("", Parameters(targets=DEFAULT)),
        ("targets=server", Parameters(targets=("server",))),
        ("targets=cdk+server", Parameters(targets=("server", "cdk"))),
        ("imports=relative", Parameters(targets=DEFAULT, imports="relative")),
        ("imports=absolute", Parameters(targets=DEFAULT, imports="absolute")),
        ("elide_version", Parameters(targets=DEFAULT, elide_version=True)),
        ("elide_version=true", Parameters(targets=DEFAULT, elide_version=True)),
        ("elide_version=false", Parameters(targets=DEFAULT, elide_version=False)),
        (
            "targets=client,imports=relative,elide_version",
            Parameters(targets=("client",), imports="relative", elide_version=True),
        ),
        (" imports = relative , elide_version ,", Parameters(targets=DEFAULT, imports="relative", elide_version=True)),
        (",,", Parameters(targets=DEFAULT)),
    ],
)
def test_options_are_read(text: str, parameters: Parameters) -> None:
    assert parsed(text) == parameters


OPTIONS = "the options are targets, imports, elide_version (targets are joined by '+')"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("bogus", f"unknown option 'bogus'; {OPTIONS}"),
        ("bogus=1", f"unknown option 'bogus'; {OPTIONS}"),
        ("=1", f"unknown option ''; {OPTIONS}"),
        ("Imports=relative", f"unknown option 'Imports'; {OPTIONS}"),
        ("targets=server,client", f"unknown option 'client'; {OPTIONS}"),
        ("targets=sever", "unknown target 'sever'; the targets are server, client, cdk, joined by '+'"),
        ("targets=", "unknown target ''; the targets are server, client, cdk, joined by '+'"),
        ("targets=server+server", "option 'targets' has a target twice in 'server+server'; name it once"),
        ("imports=sideways", "option 'imports' must be absolute or relative, not 'sideways'"),
        ("imports", "option 'imports' must be absolute or relative, not ''"),
        (
            "elide_version=maybe",
            "option 'elide_version' must be elide_version, elide_version=true or elide_version=false, not 'maybe'",
        ),
        ("elide_version,elide_version", "option 'elide_version' is set twice; set it once"),
    ],
)
def test_a_wrong_option_is_told_with_the_right_ones(text: str, error: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parsed(text)
    assert str(caught.value) == error


def test_all_wrong_options_are_told_in_one_run() -> None:
    with pytest.raises(ParameterError) as caught:
        parsed("bogus,targets=x+y,imports=z")
    assert [line.partition(";")[0] for line in str(caught.value).split("\n")] == [
        "unknown option 'bogus'",
        "unknown target 'x'",
        "unknown target 'y'",
        "option 'imports' must be absolute or relative, not 'z'",
    ]


def test_the_help_text_names_every_option_and_target() -> None:
    lines = main.USAGE.split("\n")
    for option in fields(Parameters):
        assert any(line.startswith(f"  {option.name}") for line in lines)
    (targets,) = [line for line in lines if line.startswith("  targets=")]
    assert targets.split()[0] == f"targets={'+'.join(TARGETS)}"
