"""`pushwire vendor`: buf then builds and lints a contract that uses the options."""

import os
import re
from pathlib import Path

import pytest

from pushwire.cli import vendored_options
from tests.cli.conftest import Buf, Pushwire
from tests.cli.workspaces import contents, workspace

VENDORED = "third_party/pushwire/pushwire/v1/options.proto"
SHIPPED = Path(__file__).parents[2] / "proto" / "pushwire" / "v1" / "options.proto"

ONE_MODULE = "version: v2\nmodules:\n  - path: proto\nlint:\n  use:\n    - STANDARD\n"

WORKSPACES = {
    "one module": (ONE_MODULE, "proto"),
    "no lint section": ("version: v2\nmodules:\n  - path: proto\n", "proto"),
    "empty sections": ("version: v2\nmodules:\n  - path: proto\nlint:\nbreaking:\n", "proto"),
    "null sections": ("version: v2\nmodules: ~\nlint: null\n", "."),
    "no modules": ("version: v2\n", "."),
    "no modules, no last newline": ("version: v2", "."),
    "no modules, contracts in a folder": ("version: v2\nlint:\n  except: [PACKAGE_DIRECTORY_MATCH]\n", "proto"),
    "no modules, a name": ("version: v2\nname: buf.build/acme/chat # ours\nlint:\n  use: [STANDARD]\n", "."),
    "an empty list of modules": ("version: v2\nmodules: []\n", "."),
    "the root as a module": ("version: v2\nmodules:\n  - path: .\n", "."),
    "the root as a module, with excludes": ("version: v2\nmodules:\n  - path: .\n    excludes:\n      - docs\n", "."),
    "the root as a module, without third_party": (
        "version: v2\nmodules:\n  - path: .\n    excludes: [third_party]\n",
        ".",
    ),
    "the root as a module, with includes": ("version: v2\nmodules:\n  - path: .\n    includes: [chat]\n", "."),
    "a module without a path": ("version: v2\nmodules:\n  - name: buf.build/acme/chat\n", "."),
    "a third_party module": ("version: v2\nmodules:\n  - path: proto\n  - path: third_party\n", "proto"),
    "a module with its own lint": (
        "version: v2\nmodules:\n  - path: proto\n    lint:\n      use:\n        - STANDARD\nlint:\n  use: [STANDARD]\n",
        "proto",
    ),
    "only a module's lint": (
        "version: v2\nmodules:\n  - path: ./proto/\n    lint: {use: [STANDARD], except: [FIELD_LOWER_SNAKE_CASE]}\n",
        "proto",
    ),
    "the settings half there": (
        ONE_MODULE + "  except:\n    - RPC_REQUEST_STANDARD_NAME\n  rpc_allow_google_protobuf_empty_responses: false\n",
        "proto",
    ),
    "a setting without a value": (
        "version: v2\nmodules:\n  - path: proto\nlint:\n  rpc_allow_google_protobuf_empty_responses: # unset\n",
        "proto",
    ),
    "an empty except": ("version: v2\nmodules:\n  - path: proto\nlint:\n  except:\n  use: [STANDARD]\n", "proto"),
    "flow style": ("version: v2\nmodules: [{path: proto}]\nlint: {use: [STANDARD]}\n", "proto"),
    "flow style over lines": ("version: v2\nmodules: [\n  {path: proto},\n]\nlint: {\n  use: [STANDARD] }\n", "proto"),
    "all of it JSON": ('{"version": "v2", "modules": [{"path": "proto"}]}\n', "proto"),
    "all of it JSON, with a name": ('{"version": "v2", "name": "buf.build/acme/chat"}\n', "."),
    "a document start": ("# ours\n---\nversion: v2\nmodules:\n  - path: proto\n", "proto"),
    "an anchor that nothing names": ("version: v2\nmodules: &all\n  - path: proto\n", "proto"),
    "lint before path": (
        "version: v2\nmodules:\n  - lint:\n      use: [STANDARD]\n    path: proto\n",
        "proto",
    ),
    "four columns deep": ("version: v2\nmodules:\n    - path: proto\nlint:\n    use:\n        - STANDARD\n", "proto"),
    "dashes not indented": ("version: v2\nmodules:\n- path: proto\nlint:\n  use:\n  - STANDARD\n", "proto"),
    "a byte order mark": ("\ufeff" + ONE_MODULE, "proto"),
    "CRLF": (ONE_MODULE.replace("\n", "\r\n"), "proto"),
    "strict rules for one's own suffixes": (
        ONE_MODULE + "    - COMMENT_MESSAGE\n  enum_zero_value_suffix: _NONE\n  ignore:\n    - proto/chat\n",
        "proto",
    ),
}


@pytest.mark.parametrize(("buf_yaml", "contract_in"), WORKSPACES.values(), ids=WORKSPACES)
def test_buf_then_builds_and_lints_a_contract_and_a_second_run_changes_nothing(
    pushwire: Pushwire, buf: Buf, tmp_path: Path, buf_yaml: str, contract_in: str
) -> None:
    folder = workspace(tmp_path, buf_yaml, contract_in=contract_in)
    if "third_party\n" in buf_yaml:
        (folder / "third_party" / "acme").mkdir(parents=True)
        (folder / "third_party" / "acme" / "a.proto").write_text('syntax = "proto3";\npackage acme;\n')
    assert buf(folder, "build").returncode != 0

    first = pushwire("vendor", folder)
    after_first = contents(folder)
    second = pushwire("vendor", folder)

    assert (first.code, first.err) == (0, "")
    assert f"wrote {folder / 'buf.yaml'}" in first.out
    assert f"wrote {folder / VENDORED}" in first.out
    build = buf(folder, "build")
    assert (build.returncode, build.stderr) == (0, ""), after_first["buf.yaml"].decode()
    lint = buf(folder, "lint")
    own_findings = [line for line in lint.stdout.splitlines() if "acme" not in line]
    assert own_findings == [], after_first["buf.yaml"].decode()
    assert second.code == 0
    assert "nothing changed" in second.out
    assert contents(folder) == after_first


def test_the_options_are_a_module_of_their_own_that_is_not_generated(
    pushwire: Pushwire, buf: Buf, tmp_path: Path
) -> None:
    folder = workspace(tmp_path, ONE_MODULE)
    pushwire("vendor", folder)

    files = buf(folder, "ls-files", "proto").stdout.split()

    assert files == ["proto/chat/v1/chat.proto"]
    assert buf(folder, "ls-files", "third_party/pushwire").stdout.split() == [VENDORED]


def test_the_vendored_file_is_the_shipped_one_under_a_stamp(pushwire: Pushwire, tmp_path: Path) -> None:
    folder = workspace(tmp_path, ONE_MODULE)
    pushwire("vendor", folder)

    stamp, _, body = (folder / VENDORED).read_text().partition("\n")

    assert re.fullmatch(r"// Vendored by pushwire \d+\.\d+\.\d+\S*, sha256:[0-9a-f]{64}; do not edit\.", stamp)
    assert body == SHIPPED.read_text()


def test_buf_format_would_not_touch_the_vendored_file(pushwire: Pushwire, buf: Buf, tmp_path: Path) -> None:
    folder = workspace(tmp_path, ONE_MODULE)
    pushwire("vendor", folder)

    done = buf(folder, "format", "--diff", "--exit-code", "third_party/pushwire")

    assert (done.returncode, done.stdout) == (0, "")


def test_an_older_copy_is_updated(pushwire: Pushwire, tmp_path: Path) -> None:
    folder = workspace(tmp_path, ONE_MODULE)
    pushwire("vendor", folder)
    fresh = (folder / VENDORED).read_bytes()
    buf_yaml = (folder / "buf.yaml").read_bytes()
    older = b"// The options, as they were.\n"
    stamp = f"// Vendored by pushwire 0.0.9, sha256:{vendored_options._digest(older)}; do not edit.\n"
    (folder / VENDORED).write_bytes(stamp.encode() + older)

    done = pushwire("vendor", folder)

    assert done.code == 0
    assert (folder / VENDORED).read_bytes() == fresh
    assert (folder / "buf.yaml").read_bytes() == buf_yaml


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: content + b"// A comment of ours.\n",
        lambda content: content.replace(b"50505", b"50506"),
        lambda content: content.partition(b"\n")[2],
        lambda content: content.replace(b"sha256:", b"sha256:0", 1),
        lambda _: b"",
        lambda _: b"\xff\xfe\x00",
    ],
    ids=["added", "changed", "stamp removed", "stamp changed", "emptied", "binary"],
)
def test_an_edited_copy_is_refused_and_nothing_is_written(pushwire: Pushwire, tmp_path: Path, edit: object) -> None:
    assert callable(edit)
    folder = workspace(tmp_path, ONE_MODULE)
    pushwire("vendor", folder)
    (folder / VENDORED).write_bytes(edit((folder / VENDORED).read_bytes()))
    (folder / "buf.yaml").write_text(ONE_MODULE)
    before = contents(folder)

    done = pushwire("vendor", folder)

    assert done.code == 1
    assert f"{folder / VENDORED} was edited, or was not written by pushwire; nothing was changed." in done.err
    assert contents(folder) == before


def test_a_checkout_with_crlf_line_ends_is_no_edit(pushwire: Pushwire, tmp_path: Path) -> None:
    folder = workspace(tmp_path, ONE_MODULE)
    pushwire("vendor", folder)
    (folder / VENDORED).write_bytes((folder / VENDORED).read_bytes().replace(b"\n", b"\r\n"))
    before = contents(folder)

    done = pushwire("vendor", folder)

    assert done.code == 0
    assert "nothing changed" in done.out
    assert contents(folder) == before


REFUSED = {
    "no buf.yaml": ({}, "has no buf.yaml; run `buf config init` there, or start a new project with `pushwire init`"),
    "buf v1": ({"buf.yaml": "version: v1\n"}, "is of version v1; run `buf config migrate`"),
    "buf v1beta1": ({"buf.yaml": "version: v1beta1\n"}, "is of version v1beta1; run `buf config migrate`"),
    "a v1 workspace": ({"buf.work.yaml": "version: v1\ndirectories: [proto]\n"}, "run `buf config migrate`"),
    "no version": ({"buf.yaml": "modules:\n  - path: proto\n"}, "must say `version: v2`"),
    "empty": ({"buf.yaml": ""}, "must start with `version: v2`"),
    "only comments": ({"buf.yaml": "# nothing\n"}, "must start with `version: v2`"),
    "a list": ({"buf.yaml": "- version: v2\n"}, "must start with `version: v2`"),
    "malformed": ({"buf.yaml": "version: v2\nmodules: [\n  - path: proto\n"}, "buf.yaml:3:3: invalid YAML"),
    "a tab": ({"buf.yaml": "version: v2\nlint:\n\tuse: [STANDARD]\n"}, "buf.yaml:3:1: invalid YAML"),
    "a key twice": ({"buf.yaml": "version: v2\nlint: {}\nlint: {}\n"}, "buf.yaml:3:1: invalid YAML"),
    "two documents": ({"buf.yaml": "version: v2\n---\nversion: v2\n"}, "buf.yaml:2:1: invalid YAML"),
    "a Python object": ({"buf.yaml": "version: !!python/object:os.system v2\n"}, "must say `version: v2`"),
    "too deep": ({"buf.yaml": "version: v2\nlint: " + "[" * 400 + "]" * 400}, "too many levels"),
    "a control character": ({"buf.yaml": "version: v2\nlint: \0\n"}, "buf.yaml: invalid YAML"),
    "a malformed number": ({"buf.yaml": "version: v2\nlint: !!int abc\n"}, "invalid YAML"),
    "modules no list": ({"buf.yaml": "version: v2\nmodules: proto\n"}, "`modules` must be a list of mappings"),
    "modules no mappings": ({"buf.yaml": "version: v2\nmodules: [proto]\n"}, "`modules` must be a list of mappings"),
    "lint no mapping": ({"buf.yaml": "version: v2\nlint: [STANDARD]\n"}, "`lint` must be a mapping"),
    "module lint no mapping": (
        {"buf.yaml": "version: v2\nmodules:\n  - path: proto\n    lint: STANDARD\n"},
        "`modules[0].lint` must be a mapping",
    ),
    "except no list": ({"buf.yaml": "version: v2\nlint: {except: A}\n"}, "`lint.except` must be a list of rules"),
    "path no string": ({"buf.yaml": "version: v2\nmodules: [{path: 1}]\n"}, "`modules[0].path` must be a string"),
    "excludes no list": (
        {"buf.yaml": "version: v2\nmodules: [{path: ., excludes: docs}]\n"},
        "`modules[0].excludes` must be a list of folders",
    ),
    "the options elsewhere": (
        {"buf.yaml": ONE_MODULE, "proto/pushwire/v1/options.proto": SHIPPED.read_text()},
        "is another copy of the options, and buf allows one copy in a workspace; delete it",
    ),
    "third_party is a file": ({"buf.yaml": ONE_MODULE, "third_party": "mine"}, "Not a directory"),
    "the vendored file is a folder": ({"buf.yaml": ONE_MODULE, VENDORED + "/x": ""}, "Is a directory"),
    "a lint shared by alias": (
        {"buf.yaml": "version: v2\nmodules:\n  - path: proto\n    lint: &rules\n      use: [STANDARD]\nlint: *rules\n"},
        "buf.yaml:6:7: an alias cannot be edited safely; replace it with its value",
    ),
    "a lint merged from another": (
        {
            "buf.yaml": "version: v2\nmodules:\n  - path: proto\n    lint: &rules\n      use: [STANDARD]\n"
            "lint:\n  <<: *rules\n"
        },
        "buf.yaml:7:7: an alias cannot be edited safely",
    ),
    "an alias of itself": (
        {"buf.yaml": "version: v2\nlint: &a\n  ignore_only:\n    X: *a\n"},
        "buf.yaml:4:8: an alias cannot be edited safely",
    ),
    "aliases that multiply": (
        {
            "buf.yaml": "version: v2\na0: &a0 [x]\n"
            + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(99))
        },
        "buf.yaml:3:10: an alias cannot be edited safely",
    ),
    "a comment within brackets": (
        {"buf.yaml": "version: v2\nmodules: [\n  {path: proto}, # ours\n]\n"},
        "buf.yaml:3: this comment would be lost; move it to a separate line above a key",
    ),
    "a list as a key": ({"buf.yaml": "version: v2\n? except:\n    - A\n"}, "invalid YAML"),
    "a tag on the wrong kind": ({"buf.yaml": "version: v2\nlint: !!set A\n"}, "invalid YAML"),
    "too long": ({"buf.yaml": "version: v2\n" + "# long\n" * 20000}, "has more than 100,000 characters"),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED)
def test_what_it_cannot_prepare_is_refused_with_the_remedy_and_left_alone(
    pushwire: Pushwire, tmp_path: Path, files: dict[str, str], message: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    before = contents(tmp_path)

    done = pushwire("vendor", tmp_path)

    assert done.code == 1
    assert message in done.err
    assert done.err.count("\n") == 1
    assert contents(tmp_path) == before


def test_a_file_with_all_in_place_may_be_laid_out_in_any_way(pushwire: Pushwire, tmp_path: Path) -> None:
    lint = (
        "{ rpc_allow_google_protobuf_empty_responses: true, # Empty\n"
        "  except: [RPC_REQUEST_STANDARD_NAME,RPC_REQUEST_RESPONSE_UNIQUE] }"
    )
    folder = workspace(
        tmp_path,
        f"version:    v2\nmodules: [ {{path: proto,lint: &rules {lint}}}, {{path: third_party/pushwire}} ]\n"
        "lint: *rules",
    )
    before = (folder / "buf.yaml").read_bytes()

    assert pushwire("vendor", folder).code == 0
    second = pushwire("vendor", folder)

    assert "nothing changed" in second.out
    assert (folder / "buf.yaml").read_bytes() == before


def test_bytes_that_are_no_text_are_refused_with_their_line(pushwire: Pushwire, tmp_path: Path) -> None:
    (tmp_path / "buf.yaml").write_bytes(b"version: v2\n# caf\xe9\n")

    done = pushwire("vendor", tmp_path)

    assert (done.code, done.err) == (
        1,
        f"pushwire vendor: {tmp_path / 'buf.yaml'}:2: not UTF-8; save the file as UTF-8\n",
    )


@pytest.mark.parametrize("name", ["absent", "file"])
def test_a_path_that_is_no_folder_is_refused(pushwire: Pushwire, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")

    done = pushwire("vendor", tmp_path / name)

    assert (done.code, done.err) == (
        1,
        f"pushwire vendor: {tmp_path / name} is not a folder; pass the folder of your buf.yaml\n",
    )


def test_a_folder_inside_a_workspace_is_told_where_the_workspace_is(pushwire: Pushwire, tmp_path: Path) -> None:
    folder = workspace(tmp_path / "my project", ONE_MODULE)

    done = pushwire("vendor", folder / "proto")

    assert done.code == 1
    assert f"the closest buf.yaml is in {folder}; run `pushwire vendor '{folder}'`" in done.err


def test_a_file_that_cannot_be_written_leaves_the_workspace_as_it_was(
    pushwire: Pushwire, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = workspace(tmp_path, ONE_MODULE)
    before = contents(folder)
    replace = Path.replace

    def full_disk(self: Path, target: Path) -> Path:
        if target.name == "options.proto":
            raise OSError(28, os.strerror(28), str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full_disk)
    done = pushwire("vendor", folder)

    assert done.code == 1
    assert "No space left on device; nothing was changed" in done.err
    assert contents(folder) == before
    assert not (folder / "third_party").exists()
