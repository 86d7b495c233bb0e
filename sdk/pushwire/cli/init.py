"""`pushwire init`: writes a new project, which generates code, type-checks and passes its test without changes."""

import argparse
import importlib.metadata
import importlib.resources
import json
import os
import re
import shlex
import unicodedata
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from pushwire.cli.arguments import Subparsers
from pushwire.cli.errors import CommandError
from pushwire.cli.vendored_options import VENDORED_PATH, stamped_options
from pushwire.cli.writing import write_all

__all__ = ["add_parser", "project_files", "project_name", "run"]

DESCRIPTION = """\
Start a project in DIR: a contract with one operation of each direction, a Lambda handler, a sender, a test, and the
configuration that `buf generate`, `mypy .` and `pytest` need. DIR is created if it does not exist.

No file is overwritten: if a different file exists, nothing is written.
"""

SUFFIX: Final = ".tmpl"
"""The suffix of the names of templates. Why a suffix: without it, tools such as pytest and buf would read templates."""

NAME_PLACEHOLDER: Final = b"@@project_name@@"

FALLBACK_NAME: Final = "pushwire-project"


def add_parser(subparsers: Subparsers) -> None:
    """Register the command.

    Args:
        subparsers: The subparsers of `pushwire`.
    """
    parser = subparsers.add_parser(
        "init", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", metavar="DIR", type=Path, help="the project's folder; `.` for the current one")
    parser.add_argument(
        "--checkout",
        metavar="PATH",
        type=Path,
        help="install pushwire from a checkout of its repository: adds a path source for uv to pyproject.toml",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the project, and print the written files and the next steps.

    Args:
        arguments: The parsed command line.

    Returns:
        The exit code, 0.

    Raises:
        CommandError: Different files exist in the folder, or a file cannot be written.
    """
    folder: Path = arguments.directory
    files = project_files(project_name(folder.resolve().name))
    if arguments.checkout is not None:
        files["pyproject.toml"] += _path_source(arguments.checkout)
    conflicts = sorted({found for name, content in files.items() for found in _in_the_way(folder, name, content)})
    if conflicts:
        workspace = shlex.quote(str(folder))
        raise CommandError(
            f"nothing was written to {folder}, because these exist: {', '.join(conflicts)}. Choose another folder, or "
            f"move them; to use Pushwire's options in an existing buf workspace, run `pushwire vendor {workspace}`"
        )
    missing = {folder / name: content for name, content in files.items() if not (folder / name).exists()}
    if not missing:
        print(f"{folder}: nothing changed, the project is complete")
        return 0
    write_all(missing)
    for path in sorted(missing):
        print(f"wrote {path}")
    print("Next: buf generate && mypy . && pytest" + ("" if folder == Path() else f"   (in {folder})"))
    print("README.md describes how to run it.")
    return 0


def project_files(name: str) -> dict[str, bytes]:
    """Return the files of a new project.

    Args:
        name: The name in the project's `pyproject.toml`.

    Returns:
        The content of each file, by its path in the project.

    Raises:
        CommandError: The installed package does not contain its `.proto` files.
    """
    templates = importlib.resources.files("pushwire.cli") / "templates" / "project"
    files = {
        path: content.read_bytes().replace(NAME_PLACEHOLDER, name.encode()) for path, content in _templates(templates)
    }
    return files | {VENDORED_PATH: stamped_options()}


def project_name(folder_name: str) -> str:
    """Return a valid project name for `pyproject.toml`, made from the name of the folder.

    Args:
        folder_name: The name of the folder; any text.

    Returns:
        A name of lower-case ASCII letters, digits and single hyphens, as in PEP 503. It differs from the names of the
        project's dependencies, because a project cannot depend on itself.
    """
    ascii_name = unicodedata.normalize("NFKD", folder_name).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")
    if not name:
        return FALLBACK_NAME
    return f"{name}-project" if name in _dependencies() else name


def _path_source(checkout: Path) -> bytes:
    path = json.dumps(str(checkout.resolve()), ensure_ascii=False)
    return f"\n[tool.uv.sources]\npushwire = {{ path = {path} }}\n".encode()


def _dependencies() -> set[str]:
    required = importlib.metadata.requires("pushwire") or []
    names = [match[0] for requirement in required if (match := re.match(r"[A-Za-z0-9._-]+", requirement))]
    return {re.sub(r"[-_.]+", "-", name).lower() for name in ["pushwire", *names]}


def _templates(folder: Traversable, parent: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _templates(entry, f"{parent}{entry.name}/")
        elif entry.name.endswith(SUFFIX):
            yield parent + entry.name.removesuffix(SUFFIX), entry


def _in_the_way(folder: Path, name: str, content: bytes) -> list[str]:
    """Return the path that prevents writing a file: a different file, or a file where a folder is needed."""
    path = folder / name
    for parent in [*reversed(Path(name).parents)]:
        if os.path.lexists(folder / parent) and not (folder / parent).is_dir():
            return [str(parent) if parent != Path() else str(folder)]
    if not os.path.lexists(path):
        return []
    try:
        return [] if path.read_bytes() == content else [name]
    except OSError:
        return [name]
