"""`pushwire vendor`: copies the options into a buf workspace and sets the workspace up for them."""

import argparse
from pathlib import Path

from pushwire import __version__
from pushwire.cli.arguments import Subparsers
from pushwire.cli.vendored_options import MODULE, VENDORED_PATH, refreshed
from pushwire.cli.writing import write_all

__all__ = ["add_parser", "run"]

DESCRIPTION = f"""\
Prepare the buf workspace in DIR for contracts that import "pushwire/v1/options.proto":

  {VENDORED_PATH}
      the options, a buf module of their own: they are imported, never generated
  buf.yaml
      that module, and the lint settings of one-way operations:
      rpc_allow_google_protobuf_empty_responses, and exceptions for
      RPC_REQUEST_STANDARD_NAME and RPC_REQUEST_RESPONSE_UNIQUE

Your comments and the order of keys in buf.yaml stay; uneven spacing may be made even. Run it again after an upgrade of
pushwire: it updates the options, and changes nothing where there is nothing to change. An edited copy of the options is
refused, not overwritten.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command.

    Args:
        subparsers: The subparsers of `pushwire`.
    """
    parser = subparsers.add_parser(
        "vendor", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", metavar="DIR", type=Path, help="the buf workspace: the folder of buf.yaml")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Vendor the options and print what changed.

    Args:
        arguments: The parsed command line.

    Returns:
        The exit code, 0.

    Raises:
        CommandError: The workspace is not one of buf v2, an edited file is in the way, or a file cannot be written.
        ImportError: The extra `dev` is not installed.
    """
    # ruamel.yaml comes with the extra `dev`; `pushwire vendor --help` works without it.
    from pushwire.cli.buf_workspace import prepared_buf_yaml

    folder: Path = arguments.directory
    contents = {
        folder / "buf.yaml": prepared_buf_yaml(folder),
        folder / VENDORED_PATH: refreshed(folder / VENDORED_PATH),
    }
    changes = {path: content for path, content in contents.items() if content is not None}
    if not changes:
        print(f"{folder}: nothing changed, the options of pushwire {__version__} are in place")
        return 0
    write_all(changes)
    for path in changes:
        print(f"wrote {path}")
    print(f"Generate from your own modules only, not from {MODULE}: name them under `inputs` in buf.gen.yaml.")
    return 0
