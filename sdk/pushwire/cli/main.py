"""The entry point of `pushwire`: parses the command line and runs the subcommand.

Only the module of that subcommand is imported, so that `pushwire --help` is fast and works without the extras that some
commands need.
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

`pushwire COMMAND --help` describes a command and its options.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments after the program's name. Defaults to those of the process.

    Returns:
        The exit code: 0 for success, 1 for an error (with one line on stderr), 130 for an interrupt.

    Raises:
        SystemExit: By argparse, with code 2 for a usage error, and 0 for `--help` and `--version`.
    """
    stdout: object = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):
        # Why: the names of files that are printed may contain characters that stdout cannot encode.
        stdout.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if argv is None else list(argv)
    command = next((word for word in words if not word.startswith("-")), None)
    try:
        arguments = _parser(command).parse_args(words)
        run: Callable[[argparse.Namespace], int] = arguments.run
        code = run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of stdout has exited, as in `pushwire init hello | head -1`. Why the redirection: Python flushes
        # stdout at exit, and would print another error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (PushwireError, ImportError) as error:
        # The text of an ImportError names the missing extra.
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
