"""`pushwire proto-path`: prints protoc's include path for `pushwire/v1/options.proto`."""

import argparse
from pathlib import Path

import pushwire
from pushwire.cli.arguments import Subparsers
from pushwire.cli.errors import CommandError

__all__ = ["add_parser", "proto_path", "run"]

OPTIONS_PROTO = "pushwire/v1/options.proto"
"""The path of the options in the imports of contracts."""

DESCRIPTION = """\
Print the folder that contains pushwire/v1/options.proto, for protoc's include path:

  python -m grpc_tools.protoc -I proto -I "$(pushwire proto-path)" \\
      --python_out=. --mypy_out=quiet:. --pushwire_out=. proto/chat/v1/chat.proto

With buf, use `pushwire vendor` instead, because buf only reads modules inside its workspace.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command.

    Args:
        subparsers: The subparsers of `pushwire`.
    """
    parser = subparsers.add_parser(
        "proto-path", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the include path.

    Args:
        arguments: The parsed command line.

    Returns:
        The exit code, 0.

    Raises:
        CommandError: The installed package does not contain its `.proto` files.
    """
    del arguments
    print(proto_path())
    return 0


def proto_path() -> Path:
    """Return protoc's include path: the folder in the installed package that contains `pushwire/v1/options.proto`.

    Raises:
        CommandError: The installed package does not contain its `.proto` files.
    """
    folder = Path(pushwire.__file__).parent / "proto"
    if not (folder / OPTIONS_PROTO).is_file():
        raise CommandError(
            f"{folder / OPTIONS_PROTO} is missing from the installed package; "
            "reinstall it (not as a zip file): pip install --force-reinstall pushwire"
        )
    return folder
