"""The copy of `options.proto` that a buf workspace holds: stamped, so that an edited copy is never overwritten."""

import hashlib
import re
from pathlib import Path
from typing import Final

from pushwire import __version__
from pushwire.cli.errors import CommandError
from pushwire.cli.proto_path import OPTIONS_PROTO, proto_path

__all__ = ["MODULE", "VENDORED_PATH", "refreshed", "stamped_options", "vendored_version"]

MODULE: Final = "third_party/pushwire"
"""The buf module of the vendored options, relative to the workspace: outside the user's own modules."""

VENDORED_PATH: Final = f"{MODULE}/{OPTIONS_PROTO}"
"""The vendored file, relative to the workspace."""

_STAMP: Final = re.compile(
    rb"// Vendored by pushwire (?P<version>[0-9A-Za-z.+!-]+), sha256:(?P<digest>[0-9a-f]{64}); do not edit\."
)


def stamped_options() -> bytes:
    """The options of this version of Pushwire, under a first line with a hash of what follows.

    Returns:
        The content of the vendored file.

    Raises:
        CommandError: The installed package does not hold its protos as files.
    """
    body = _unix_lines((proto_path() / OPTIONS_PROTO).read_bytes())
    return f"// Vendored by pushwire {__version__}, sha256:{_digest(body)}; do not edit.\n".encode() + body


def vendored_version(content: bytes) -> str | None:
    """Which version of Pushwire vendored a file.

    Args:
        content: The content of the file.

    Returns:
        The version, or `None` where there is no stamp or the file was edited after it was stamped.
    """
    # A checkout with CRLF line ends is no edit.
    first, _, body = _unix_lines(content).partition(b"\n")
    stamp = _STAMP.fullmatch(first)
    if stamp is None or stamp["digest"].decode() != _digest(body):
        return None
    return stamp["version"].decode()


def refreshed(path: Path) -> bytes | None:
    """What a vendored file should hold now.

    Args:
        path: The file. It need not exist.

    Returns:
        The new content, or `None` where the file already holds these options.

    Raises:
        CommandError: The file was edited or is not Pushwire's, cannot be read, or the package lacks its protos.
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
            "Move your edits elsewhere, delete the file and run this again"
        )
    same = _unix_lines(present).partition(b"\n")[2] == fresh.partition(b"\n")[2]
    return None if same else fresh


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _unix_lines(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")
