"""The copy of `options.proto` in a buf workspace. It has a hash, so that an edited copy is never overwritten."""

import hashlib
import re
from pathlib import Path
from typing import Final

from pushwire import __version__
from pushwire.cli.errors import CommandError
from pushwire.cli.proto_path import OPTIONS_PROTO, proto_path

__all__ = ["MODULE", "VENDORED_PATH", "refreshed", "stamped_options", "vendored_version"]

MODULE: Final = "third_party/pushwire"
"""The folder of the vendored options' buf module, relative to the workspace and outside the user's modules."""

VENDORED_PATH: Final = f"{MODULE}/{OPTIONS_PROTO}"
"""The path of the vendored file, relative to the workspace."""

_STAMP: Final = re.compile(
    rb"// Vendored by pushwire (?P<version>[0-9A-Za-z.+!-]+), sha256:(?P<digest>[0-9a-f]{64}); do not edit\."
)


def stamped_options() -> bytes:
    """Return the content of the vendored file: the options, after a line with the version and a hash of the options.

    Raises:
        CommandError: The installed package does not contain its `.proto` files.
    """
    body = _unix_lines((proto_path() / OPTIONS_PROTO).read_bytes())
    return f"// Vendored by pushwire {__version__}, sha256:{_digest(body)}; do not edit.\n".encode() + body


def vendored_version(content: bytes) -> str | None:
    """Return the version of Pushwire that wrote a vendored file.

    Args:
        content: The content of the file.

    Returns:
        The version; `None` if the file has no valid first line, or was edited.
    """
    # Why: a checkout with CRLF line ends is not an edit.
    first, _, body = _unix_lines(content).partition(b"\n")
    stamp = _STAMP.fullmatch(first)
    if stamp is None or stamp["digest"].decode() != _digest(body):
        return None
    return stamp["version"].decode()


def refreshed(path: Path) -> bytes | None:
    """Return the new content of a vendored file.

    Args:
        path: The path of the file, which need not exist.

    Returns:
        The new content; `None` if the file already has these options.

    Raises:
        CommandError: The file was edited or not written by Pushwire, cannot be read, or the installed package does not
            contain its `.proto` files.
    """
    fresh = stamped_options()
    try:
        present = path.read_bytes()
    except FileNotFoundError:
        return fresh
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}") from error
    if vendored_version(present) is None:
        raise CommandError(
            f"{path} was edited, or was not written by pushwire; nothing was changed. "
            "Move your edits elsewhere, delete the file, and run the command again"
        )
    same = _unix_lines(present).partition(b"\n")[2] == fresh.partition(b"\n")[2]
    return None if same else fresh


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _unix_lines(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")
