"""`pushwire proto-path`: where protoc finds `pushwire/v1/options.proto`."""

import argparse
from pathlib import Path

import pushwire
from pushwire.cli.arguments import Subparsers
from pushwire.cli.errors import CommandError

__all__ = ["add_parser", "proto_path", "run"]

OPTIONS_PROTO = "pushwire/v1/options.proto"
"""The import path of the options, as contracts write it."""

DESCRIPTION = """\
Print the folder that contains pushwire/v1/options.proto, for protoc's include path:

  python -m grpc_tools.protoc -I proto -I "$(pushwire proto-path)" \\
      --python_out=. --mypy_out=quiet:. --pushwire_out=. proto/chat/v1/chat.proto

With buf, use `pushwire vendor` instead: buf reads modules inside its workspace only.
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
        CommandError: The installed package does not hold its protos as files.
    """
    del arguments
    print(proto_path())
    return 0


def proto_path() -> Path:
    """The folder inside the installed package that contains `pushwire/v1/options.proto`.

    Returns:
        The include path for protoc.

    Raises:
        CommandError: The installed package does not hold its protos as files.
    """
    folder = Path(pushwire.__file__).parent / "proto"
    if not (folder / OPTIONS_PROTO).is_file():
        raise CommandError(
            f"{folder / OPTIONS_PROTO} is missing from the installed package; "
            "reinstall it, unzipped: pip install --force-reinstall pushwire"
        )
    return folder
