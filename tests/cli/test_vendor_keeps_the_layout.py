"""`pushwire vendor` adds to `buf.yaml`, and keeps the places of comments and the order of keys."""

import re
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pushwire.cli.buf_workspace import prepared_buf_yaml
from tests.cli.conftest import Pushwire

COMMENTED = """\
# For details on buf.yaml configuration, visit https://buf.build/docs/configuration/v2/buf-yaml
version: v2
# The modules of the workspace.
modules:
  # Each module has a path.
  - path: proto/foo
    name: buf.build/acme/foo
  # The bar module.
  - path: proto/bar # bar
    name: buf.build/acme/bar
    # Not these.
    excludes:
      - proto/bar/a
      - proto/bar/b # b
    # Its own lint.
    lint:
      use:
        - STANDARD
      # old
      except:
        - IMPORT_USED # used
      # why
      ignore:
        - proto/bar/c

# Dependencies.
deps:
  - buf.build/googleapis/googleapis # google
  # One more.
  - buf.build/grpc/grpc

# The lint rules.
lint:
  use:
    - STANDARD
    - TIMESTAMP_SUFFIX
  except:
    - ENUM_FIRST_VALUE_ZERO

  # Ignored.
  ignore:
    - proto/foo/x
  disallow_comment_ignores: false

# Breaking.
breaking:
  use:
    - FILE
  except:
    - EXTENSION_MESSAGE_NO_DELETE
# The end.
"""

EXPECTED = """\
# For details on buf.yaml configuration, visit https://buf.build/docs/configuration/v2/buf-yaml
version: v2
# The modules of the workspace.
modules:
  # Each module has a path.
  - path: proto/foo
    name: buf.build/acme/foo
  # The bar module.
  - path: proto/bar # bar
    name: buf.build/acme/bar
    # Not these.
    excludes:
      - proto/bar/a
      - proto/bar/b # b
    # Its own lint.
    # The request of an rpc is the message of a Pushwire operation. It may have any name, and several rpcs may use it.
    # One-way operations return google.protobuf.Empty.
    lint:
      use:
        - STANDARD
      # old
      except:
        - IMPORT_USED # used
        - RPC_REQUEST_STANDARD_NAME
        - RPC_REQUEST_RESPONSE_UNIQUE
      # why
      ignore:
        - proto/bar/c
      rpc_allow_google_protobuf_empty_responses: true
  # Pushwire's options, written by `pushwire vendor`. Do not edit or lint them.
  - path: third_party/pushwire
    lint:
      ignore:
        - third_party/pushwire

# Dependencies.
deps:
  - buf.build/googleapis/googleapis # google
  # One more.
  - buf.build/grpc/grpc

# The lint rules.
# The request of an rpc is the message of a Pushwire operation. It may have any name, and several rpcs may use it.
# One-way operations return google.protobuf.Empty.
lint:
  use:
    - STANDARD
    - TIMESTAMP_SUFFIX
  except:
    - ENUM_FIRST_VALUE_ZERO
    - RPC_REQUEST_STANDARD_NAME
    - RPC_REQUEST_RESPONSE_UNIQUE

  # Ignored.
  ignore:
    - proto/foo/x
  disallow_comment_ignores: false
  rpc_allow_google_protobuf_empty_responses: true

# Breaking.
breaking:
  use:
    - FILE
  except:
    - EXTENSION_MESSAGE_NO_DELETE
# The end.
"""

NOT_INDENTED = """\
version: v2
modules:
# one
- path: .
  excludes:
  - a
# two
- path: internal
# What we check.
lint:
  use:
  - STANDARD
"""

NOT_INDENTED_EXPECTED = """\
version: v2
modules:
# one
- path: .
  excludes:
  - a
  - third_party/pushwire
# two
- path: internal
# Pushwire's options, written by `pushwire vendor`. Do not edit or lint them.
- path: third_party/pushwire
  lint:
    ignore:
    - third_party/pushwire
# What we check.
# The request of an rpc is the message of a Pushwire operation. It may have any name, and several rpcs may use it.
# One-way operations return google.protobuf.Empty.
lint:
  use:
  - STANDARD
  except:
  - RPC_REQUEST_STANDARD_NAME
  - RPC_REQUEST_RESPONSE_UNIQUE
  rpc_allow_google_protobuf_empty_responses: true
"""

UNEVEN = """\
# Chat, by the chat team.
version:   v2   # not v1

modules:
  # The contracts.
  - path: "proto"      # ours
    # name: buf.build/acme/chat   (not yet)

  - path: 'internal'


# What we check.
lint:
    use:
        - STANDARD    # all of it
        - COMMENTS
    # Bad old names.
    except:
        - ENUM_VALUE_PREFIX   # since 2019

    # The end of lint.
breaking: {use: [FILE]}
# The end.
"""

UNEVEN_EXPECTED = """\
# Chat, by the chat team.
version: v2     # not v1

modules:
  # The contracts.
  - path: "proto"      # ours
    # name: buf.build/acme/chat   (not yet)

  - path: 'internal'
  # Pushwire's options, written by `pushwire vendor`. Do not edit or lint them.
  - path: third_party/pushwire
    lint:
        ignore:
          - third_party/pushwire


# What we check.
# The request of an rpc is the message of a Pushwire operation. It may have any name, and several rpcs may use it.
# One-way operations return google.protobuf.Empty.
lint:
    use:
      - STANDARD      # all of it
      - COMMENTS
    # Bad old names.
    except:
      - ENUM_VALUE_PREFIX     # since 2019
      - RPC_REQUEST_STANDARD_NAME
      - RPC_REQUEST_RESPONSE_UNIQUE

    # The end of lint.
    rpc_allow_google_protobuf_empty_responses: true
breaking: {use: [FILE]}
# The end.
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [(COMMENTED, EXPECTED), (NOT_INDENTED, NOT_INDENTED_EXPECTED), (UNEVEN, UNEVEN_EXPECTED)],
    ids=["as buf documents it", "dashes not indented", "uneven spacing"],
)
def test_comments_quotes_and_the_order_of_keys_stay(
    pushwire: Pushwire, tmp_path: Path, before: str, after: str
) -> None:
    (tmp_path / "buf.yaml").write_text(before)

    assert pushwire("vendor", tmp_path).code == 0

    assert (tmp_path / "buf.yaml").read_text() == after


def test_line_ends_stay(pushwire: Pushwire, tmp_path: Path) -> None:
    (tmp_path / "buf.yaml").write_bytes(COMMENTED.replace("\n", "\r\n").encode())

    assert pushwire("vendor", tmp_path).code == 0

    assert (tmp_path / "buf.yaml").read_bytes() == EXPECTED.replace("\n", "\r\n").encode()


NAMED = """\
version: v2
# Our name.
name: buf.build/acme/chat # ours

# The deps.
deps:
  - x/y/z
"""

NAMED_EXPECTED = """\
version: v2
# Our name.
modules:
  - path: .
    name: buf.build/acme/chat # ours
    excludes:
      - third_party/pushwire
  # Pushwire's options, written by `pushwire vendor`. Do not edit or lint them.
  - path: third_party/pushwire
    lint:
      ignore:
        - third_party/pushwire

# The deps.
deps:
  - x/y/z
# The request of an rpc is the message of a Pushwire operation. It may have any name, and several rpcs may use it.
# One-way operations return google.protobuf.Empty.
lint:
  use:
    - STANDARD
  except:
    - RPC_REQUEST_STANDARD_NAME
    - RPC_REQUEST_RESPONSE_UNIQUE
  rpc_allow_google_protobuf_empty_responses: true
"""


def test_a_name_at_the_top_moves_to_its_module(pushwire: Pushwire, tmp_path: Path) -> None:
    (tmp_path / "buf.yaml").write_text(NAMED)

    assert pushwire("vendor", tmp_path).code == 0

    assert (tmp_path / "buf.yaml").read_text() == NAMED_EXPECTED


def test_comments_at_the_end_stay_above_what_is_added_there(pushwire: Pushwire, tmp_path: Path) -> None:
    before = "version: v2\nmodules:\n  - path: proto\n\n# breaking:\n#   use: [FILE]\n"
    (tmp_path / "buf.yaml").write_text(before)

    assert pushwire("vendor", tmp_path).code == 0

    lines = (tmp_path / "buf.yaml").read_text().splitlines()
    start = lines.index("# breaking:")
    assert lines[start - 2 : start + 2] == ["        - third_party/pushwire", "", "# breaking:", "#   use: [FILE]"]
    assert "lint:" in lines[start + 2 :]


def test_permissions_and_links_stay(pushwire: Pushwire, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    shared = tmp_path / "shared.yaml"
    shared.write_text("version: v2\n")
    shared.chmod(0o640)
    (workspace / "buf.yaml").symlink_to(shared)

    assert pushwire("vendor", workspace).code == 0

    assert (workspace / "buf.yaml").is_symlink()
    assert "third_party/pushwire" in shared.read_text()
    assert stat.S_IMODE(shared.stat().st_mode) == 0o640


def blocks(*choices: str) -> st.SearchStrategy[str]:
    return st.sampled_from(choices)


BUF_YAML = st.builds(
    "".join,
    st.tuples(
        blocks("version: v2\n", "# first\nversion: 'v2'  # two\n\n", "---\nversion: v2\n"),
        blocks(
            "",
            "modules:\n  - path: proto\n",
            "modules:\n- path: proto\n  excludes:\n  - proto/x  # no\n# after\n\n",
            "modules:\n  -   path: .\n      lint:\n        use:\n          - STANDARD\n  # last\n",
            "modules: [{path: a}, {path: b, lint: {except: [X]}}]  # flow\n",
            "modules:\n  - path: third_party\n    excludes: []\n",
            "modules:\n  - lint:\n      rpc_allow_google_protobuf_empty_responses: false\n    path: a\n",
        ),
        blocks(
            "",
            "lint:\n",
            "lint:   # rules\n  except:\n  - A\n  - B\n\n",
            "lint: {except: [RPC_REQUEST_STANDARD_NAME], use: [STANDARD]}\n",
            "lint:\n    rpc_allow_google_protobuf_empty_responses: true\n    # inside\n",
            "lint:\n  use: [\n    STANDARD,\n  ]\n",
            "lint:\n  ignore_only:\n    X:\n      - proto/a\n",
        ),
        blocks("", "breaking:\n  use:\n    - FILE\n", "deps:\n- buf.build/acme/x\n# end", "\n\n"),
    ),
)


def comments(text: str) -> list[str]:
    return re.findall(r"# .*", text.replace("\r", ""))


def kept(before: object, after: object) -> bool:
    """Return whether all old settings are still there, in order, except those that `vendor` changes."""
    if isinstance(before, dict) and isinstance(after, dict):
        shared = [key for key in after if key in before]
        return shared == list(before) and all(kept(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) <= len(after) and all(map(kept, before, after))
    return before in (after, None, False)


@settings(deadline=None)
@given(text=BUF_YAML, newline=blocks("\n", "\r\n"))
def test_whatever_the_layout_comments_values_and_order_stay(
    text: str, newline: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("workspace")
    before = text.replace("\n", newline)
    (folder / "buf.yaml").write_bytes(before.encode())

    content = prepared_buf_yaml(folder)

    assert content is not None
    after = content.decode()
    remaining = iter(comments(after))
    assert all(comment in remaining for comment in comments(before))  # each of them, in the same order
    assert ("\r\n" in after) == (newline == "\r\n")
    assert after.count("\n") == after.count(newline)
    data = YAML(typ="safe", pure=True).load(after)
    assert kept(YAML(typ="safe", pure=True).load(before), data)
    assert data["modules"][-1]["path"] == "third_party/pushwire"
    for section in [data, *data["modules"][:-1]]:
        lint = section.get("lint")
        if section is data or lint:
            assert {"RPC_REQUEST_STANDARD_NAME", "RPC_REQUEST_RESPONSE_UNIQUE"} <= set(lint["except"])
            assert lint["rpc_allow_google_protobuf_empty_responses"] is True
    (folder / "buf.yaml").write_bytes(content)
    assert prepared_buf_yaml(folder) is None
