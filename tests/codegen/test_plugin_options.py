"""The plugin's options: their effects, and the errors for invalid ones."""

from pathlib import Path

import pytest

from pushwire import __version__
from tests.codegen import toolchain
from tests.codegen.toolchain import FIXTURES

SOURCE = FIXTURES / "proto"
MODULE = "chat/chat_pushwire.py"


def generate(out: Path, parameter: str) -> str:
    """Return the module of `chat/chat.proto`, generated with a parameter."""
    done = toolchain.protoc(SOURCE, {"pushwire": out}, files=["chat/chat.proto"], parameter=parameter)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return (out / MODULE).read_text(encoding="utf-8")


def refusal(out: Path, parameter: str) -> str:
    """Return the plugin's error for a parameter."""
    done = toolchain.protoc(SOURCE, {"pushwire": out}, files=["chat/chat.proto"], parameter=parameter)
    assert (done.returncode, done.stdout, list(out.iterdir())) == (1, "", [])
    assert done.stderr.startswith("--pushwire_out: ")
    return done.stderr.removeprefix("--pushwire_out: ").removesuffix("\n")


@pytest.mark.parametrize(
    "parameter",
    ["targets=server+client", "targets=server", "imports=absolute", "elide_version=false", "targets=client+server"],
)
def test_defaults_may_be_written_out(parameter: str, absolute: Path, tmp_path: Path) -> None:
    assert generate(tmp_path, parameter) == (absolute / MODULE).read_text(encoding="utf-8")


def test_the_header_names_the_version_unless_it_is_elided(absolute: Path, tmp_path: Path) -> None:
    usual = (absolute / MODULE).read_text(encoding="utf-8")
    bare = generate(tmp_path / "bare", "elide_version")
    assert __version__ in usual
    assert __version__ not in bare
    assert generate(tmp_path / "true", "elide_version=true") == bare
    changed = [(old, new) for old, new in zip(usual.splitlines(), bare.splitlines(), strict=True) if old != new]
    assert [old.replace(f" {__version__}", "") for old, _ in changed] == [new for _, new in changed]
    assert len(changed) == 1


THE_OPTIONS = "the options are targets, imports, elide_version (targets are joined by '+')"

REFUSALS = {
    "bogus": f"unknown option 'bogus'; {THE_OPTIONS}",
    "bogus=1": f"unknown option 'bogus'; {THE_OPTIONS}",
    "Targets=server": f"unknown option 'Targets'; {THE_OPTIONS}",
    "=x": f"unknown option ''; {THE_OPTIONS}",
    "targets": "unknown target ''; the targets are server, client, cdk, schema, joined by '+'",
    "targets=": "unknown target ''; the targets are server, client, cdk, schema, joined by '+'",
    "targets=sever": "unknown target 'sever'; the targets are server, client, cdk, schema, joined by '+'",
    "targets=server+bogus": "unknown target 'bogus'; the targets are server, client, cdk, schema, joined by '+'",
    "targets=server+": "unknown target ''; the targets are server, client, cdk, schema, joined by '+'",
    "targets=server+server": "option 'targets' has a target twice in 'server+server'; name it once",
    "imports": "option 'imports' must be absolute or relative, not ''",
    "imports=sideways": "option 'imports' must be absolute or relative, not 'sideways'",
    "imports=relative,imports=absolute": "option 'imports' is set twice; set it once",
    "elide_version=maybe": (
        "option 'elide_version' must be elide_version, elide_version=true or elide_version=false, not 'maybe'"
    ),
    "elide_version,elide_version": "option 'elide_version' is set twice; set it once",
}


@pytest.mark.parametrize("parameter", REFUSALS)
def test_a_wrong_option_is_an_error_that_names_the_right_ones(parameter: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, parameter) == REFUSALS[parameter]


def test_all_wrong_options_are_told_in_one_run(tmp_path: Path) -> None:
    lines = refusal(tmp_path, "bogus=1,imports=sideways").splitlines()
    assert lines == [REFUSALS["bogus=1"], REFUSALS["imports=sideways"]]


def test_buf_passes_a_list_of_options_and_tells_a_refusal(tmp_path: Path) -> None:
    toolchain.buf_workspace(tmp_path / "work", SOURCE)
    good = toolchain.buf_generate(
        tmp_path / "work", [toolchain.pushwire_plugin("good", "targets=server", "elide_version")]
    )
    assert (good.returncode, good.stderr) == (0, "")
    assert __version__ not in (tmp_path / "work" / "good" / MODULE).read_text(encoding="utf-8")
    bad = toolchain.buf_generate(tmp_path / "work", [toolchain.pushwire_plugin("bad", "targets=server", "bogus=1")])
    assert bad.returncode == 1
    assert bad.stderr == f"Failure: plugin {toolchain.PLUGIN}: {REFUSALS['bogus=1']}\n"
