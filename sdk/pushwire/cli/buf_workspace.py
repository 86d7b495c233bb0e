"""Adds the module of Pushwire's options and the lint settings for operations to a `buf.yaml`."""

import posixpath
import shlex
from pathlib import Path
from typing import Any, Final

from pushwire.cli.errors import CommandError
from pushwire.cli.proto_path import OPTIONS_PROTO
from pushwire.cli.vendored_options import MODULE
from pushwire.cli.yaml_edit import YamlDocument

__all__ = ["prepared_buf_yaml"]

Node = Any
"""Any value in `buf.yaml`."""

# Why `Any`: with it, type checkers do not narrow a `Node` after an `isinstance` check.
_MAPPING: Any = dict
_LIST: Any = list

_EXCEPT: Final = ("RPC_REQUEST_STANDARD_NAME", "RPC_REQUEST_RESPONSE_UNIQUE")
_EMPTY: Final = "rpc_allow_google_protobuf_empty_responses"
_LINT_COMMENT: Final = (
    "The request of an rpc is the message of a Pushwire operation. It may have any name, and several rpcs may use it.",
    "One-way operations return google.protobuf.Empty.",
)
_MODULE_COMMENT: Final = ("Pushwire's options, written by `pushwire vendor`. Do not edit or lint them.",)


def prepared_buf_yaml(folder: Path) -> bytes | None:
    """Return the `buf.yaml` of a workspace with the settings that contracts with Pushwire's options need.

    Args:
        folder: The workspace: the folder of `buf.yaml`.

    Returns:
        The new content of `buf.yaml`; `None` if it needs no change.

    Raises:
        CommandError: There is no `buf.yaml` of version v2, it is malformed, or the options are vendored elsewhere.
    """
    path = folder / "buf.yaml"
    content = _read(path)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CommandError(f"{path}:{line}: not UTF-8; save the file as UTF-8") from error
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    document = YamlDocument(text.removeprefix(mark), name=str(path))
    _check(document.root, path)
    _refuse_other_copies(document.root, folder)
    return (mark + document.text()).encode() if _prepare(document) else None


def _read(path: Path) -> bytes:
    folder = path.parent
    if not folder.is_dir():
        raise CommandError(f"{folder} is not a folder; pass the folder of your buf.yaml")
    if (folder / "buf.work.yaml").exists():
        raise CommandError(
            f"{folder / 'buf.work.yaml'} makes this a buf v1 workspace; run `buf config migrate` there, then this again"
        )
    try:
        return path.read_bytes()
    except FileNotFoundError:
        above = next((parent for parent in path.resolve().parent.parents if (parent / "buf.yaml").is_file()), None)
        remedy = (
            "run `buf config init` there, or start a new project with `pushwire init`"
            if above is None
            else f"the closest buf.yaml is in {above}; run `pushwire vendor {shlex.quote(str(above))}`"
        )
        raise CommandError(f"{folder} has no buf.yaml; {remedy}") from None
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}") from error


def _check(data: Node, path: Path) -> None:
    if not isinstance(data, _MAPPING):
        raise CommandError(f"{path} is not a buf configuration; it must start with `version: v2`")
    if data.get("version") in ("v1", "v1beta1"):
        raise CommandError(f"{path} is of version {data['version']}; run `buf config migrate` there, then this again")
    if data.get("version") != "v2":
        raise CommandError(f"{path} must say `version: v2`")
    modules: Node = data.get("modules")
    if not _is_list_of(dict, modules):
        raise CommandError(f"{path}: `modules` must be a list of mappings, such as `- path: proto`")
    for place, section in [("", data), *((f"modules[{index}].", module) for index, module in enumerate(modules or []))]:
        lint: Node = section.get("lint") or {}
        if not isinstance(lint, _MAPPING):
            raise CommandError(f"{path}: `{place}lint` must be a mapping, such as `use: [STANDARD]`")
        if not _is_list_of(str, lint.get("except")):
            raise CommandError(f"{path}: `{place}lint.except` must be a list of rules")
        for key in ("path", "name"):
            if not isinstance(section.get(key, ""), str):
                raise CommandError(f"{path}: `{place}{key}` must be a string")
        for key in ("includes", "excludes"):
            if not _is_list_of(str, section.get(key)):
                raise CommandError(f"{path}: `{place}{key}` must be a list of folders")


def _is_list_of(kind: type, value: Node) -> bool:
    return not value or (isinstance(value, _LIST) and all(isinstance(item, kind) for item in value))


def _refuse_other_copies(data: dict[str, Node], folder: Path) -> None:
    for module in data.get("modules") or [{"path": "."}]:
        copy_of_options = folder / _path(module) / OPTIONS_PROTO
        if _path(module) != MODULE and copy_of_options.exists():
            raise CommandError(
                f"{copy_of_options} is another copy of the options, and buf allows one copy in a workspace; "
                f"delete it and run the command again, which writes the options to {MODULE}"
            )


def _prepare(document: YamlDocument) -> bool:
    """Make all changes, and return whether there were any."""
    changed = _add_options_module(document)
    # Why into each: a module's lint section replaces the section of the workspace.
    own = [module for module in document.root["modules"] if module.get("lint") and _path(module) != MODULE]
    return any([changed, *(_relax(document, section) for section in (document.root, *own))])


def _add_options_module(document: YamlDocument) -> bool:
    root = document.root
    if not root.get("modules"):
        # Without `modules`, the workspace itself is the only module, and its `name` is at the top level. With
        # `modules`, it must be listed, and the `name` belongs to its entry.
        if "name" in root:
            root.pop("modules", None)
            document.replace_key(root, "name", "modules", [{"path": ".", "name": root["name"]}])
        else:
            document.put(root, "modules", [{"path": "."}])
    reaching = [module for module in root["modules"] if _path(module) != MODULE and _reaches(module)]
    for module in reaching:
        document.extend(module, "excludes", [MODULE])
    if any(_path(module) == MODULE for module in root["modules"]):
        return bool(reaching)
    document.extend(root, "modules", [{"path": MODULE, "lint": {"ignore": [MODULE]}}])
    document.comment(root["modules"], len(root["modules"]) - 1, _MODULE_COMMENT)
    return True


def _relax(document: YamlDocument, section: Node) -> bool:
    lint = section.get("lint") or {"use": ["STANDARD"]}
    missing = [rule for rule in _EXCEPT if rule not in (lint.get("except") or [])]
    if not missing and lint.get(_EMPTY) is True:
        return False
    if not section.get("lint"):
        document.put(section, "lint", lint)
    document.comment(section, "lint", _LINT_COMMENT)
    if missing:
        document.extend(section["lint"], "except", missing)
    document.put(section["lint"], _EMPTY, True)
    return True


def _reaches(module: dict[str, Node]) -> bool:
    """Return whether a module of the user includes the folder of the vendored options."""
    includes: list[str] = module.get("includes") or [_path(module)]
    excludes: list[str] = module.get("excludes") or []
    return any(_contains(folder) for folder in includes) and not any(_contains(folder) for folder in excludes)


def _contains(folder: str) -> bool:
    folder = posixpath.normpath(folder)
    return folder in (".", MODULE) or MODULE.startswith(folder + "/")


def _path(module: dict[str, Node]) -> str:
    return posixpath.normpath(str(module.get("path", ".")))
