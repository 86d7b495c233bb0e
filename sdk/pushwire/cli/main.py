"""The entry point `pushwire`: reads the command line and hands it to the command's own module.

Only the module of the command that was asked for is imported, so that `pushwire --help` is quick and works without the
extras that some commands need.
"""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

from pushwire import __version__
from pushwire.errors import PushwireError

__all__ = ["main"]

COMMANDS: Final = {
    "init": ("pushwire.cli.init", "start a project: a contract, a handler, a sender and a test"),
    "vendor": ("pushwire.cli.vendor", "copy the options into a buf workspace and set it up for them"),
    "proto-path": ("pushwire.cli.proto_path", "print the include path of pushwire/v1/options.proto for protoc"),
    "dev": ("pushwire.cli.dev", "run a handler behind a local WebSocket gateway"),
}

EPILOG: Final = """\
a new project:
  pushwire init hello        then follow hello/README.md
a contract you already have:
  pushwire vendor .          with buf
  protoc -I proto -I "$(pushwire proto-path)" ...   with protoc

`pushwire COMMAND --help` tells more about each command.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments after the program's name; those of the process unless given.

    Returns:
        The exit code: 0 ok, 1 refused or failed (one line on stderr says why), 130 interrupted.

    Raises:
        SystemExit: From argparse: code 2 for a usage error, 0 for `--help` and `--version`.
    """
    stdout: object = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):
        # Names of files need not be encodable.
        stdout.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if argv is None else list(argv)
    command = next((word for word in words if not word.startswith("-")), None)
    try:
        arguments = _parser(command).parse_args(words)
        run: Callable[[argparse.Namespace], int] = arguments.run
        code = run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output left, as in `pushwire init hello | head -1`. Exit must not flush to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (PushwireError, ImportError) as error:
        # An ImportError is a missing extra; its text names the extra.
        print(f"pushwire {command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser(command: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pushwire",
        description="Typed messages over AWS API Gateway WebSocket APIs, generated from .proto files.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pushwire {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for name, (module, summary) in COMMANDS.items():
        if name == command:
            importlib.import_module(module).add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=summary, add_help=False)
    return parser


if __name__ == "__main__":
    sys.exit(main())
