"""Writes several files in one step: all of them or none."""

import contextlib
import os
import shutil
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

from pushwire.cli.errors import CommandError

__all__ = ["write_all"]


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write files, and create their folders. If a file cannot be written, undo all changes.

    Each file is written under a temporary name in the same folder and then renamed, so that no file is ever partially
    written. The permissions of existing files are kept. If a path is a symbolic link, its target is replaced.

    Args:
        files: The content of each file, by path.

    Raises:
        CommandError: A file or folder cannot be written; no file was changed.
    """
    with contextlib.ExitStack() as undo:
        staged = [
            _stage(path.resolve() if path.is_symlink() else path, content, undo) for path, content in files.items()
        ]
        for temporary, path in staged:
            _move_into_place(temporary, path, undo)
        undo.pop_all()


def _stage(path: Path, content: bytes, undo: contextlib.ExitStack) -> tuple[Path, Path]:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.pushwire")
    with _command_errors(path):
        for folder in reversed([folder for folder in path.parents if not folder.exists()]):
            folder.mkdir()
            undo.callback(_ignoring_errors, folder.rmdir)
        undo.callback(_ignoring_errors, temporary.unlink)
        temporary.write_bytes(content)
        if path.exists():
            shutil.copymode(path, temporary)
    return temporary, path


def _move_into_place(temporary: Path, path: Path, undo: contextlib.ExitStack) -> None:
    with _command_errors(path):
        if path.exists():
            before = path.read_bytes()
            undo.callback(_ignoring_errors, lambda: path.write_bytes(before))
        else:
            undo.callback(_ignoring_errors, path.unlink)
        temporary.replace(path)


@contextlib.contextmanager
def _command_errors(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or path
        raise CommandError(f"cannot write {path}: {where}: {error.strerror}; nothing was changed") from error


def _ignoring_errors(step: Callable[[], object]) -> None:
    with contextlib.suppress(OSError):
        step()
