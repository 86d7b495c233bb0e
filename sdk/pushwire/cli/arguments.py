"""The type of argparse's subparsers, which has no public name."""

from argparse import ArgumentParser
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name for it

__all__ = ["Subparsers"]

Subparsers: TypeAlias = "_SubParsersAction[ArgumentParser]"
"""The return type of `ArgumentParser.add_subparsers`."""
