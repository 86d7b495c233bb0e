"""`pushwire vendor`: copies Pushwire's options into a buf workspace, and configures the workspace."""

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
      the options, as a separate buf module, which contracts import and buf does not generate
  buf.yaml
      that module, and the lint settings for operations:
      rpc_allow_google_protobuf_empty_responses, and exceptions for
      RPC_REQUEST_STANDARD_NAME and RPC_REQUEST_RESPONSE_UNIQUE

Comments and the order of keys in buf.yaml are kept; spacing may be normalized. Run this again after an upgrade of
pushwire: it updates the options, and writes only files that change. If the copy of the options was edited, it is not
overwritten, and the command fails.
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
        CommandError: The folder is not a buf v2 workspace, the vendored file was edited, or a file cannot be written.
        ImportError: The extra `dev` is not installed.
    """
    # Why here: it imports ruamel.yaml, of the extra `dev`, which `pushwire vendor --help` must not need.
    from pushwire.cli.buf_workspace import prepared_buf_yaml

    folder: Path = arguments.directory
    contents = {
        folder / "buf.yaml": prepared_buf_yaml(folder),
        folder / VENDORED_PATH: refreshed(folder / VENDORED_PATH),
    }
    changes = {path: content for path, content in contents.items() if content is not None}
    if not changes:
        print(f"{folder}: nothing changed, the workspace has the options of pushwire {__version__}")
        return 0
    write_all(changes)
    for path in changes:
        print(f"wrote {path}")
    print(
        f"Generate code for your own modules only, not for {MODULE}: list their folders in `inputs` of buf.gen.yaml,"
        " such as `- directory: proto`. For a module at `.`, add the folders of its contracts: `paths: [chat]`."
    )
    return 0
