"""The command `protoc-gen-pushwire`: a request on standard input, a response on standard output."""

import contextlib
import sys

from google.protobuf.message import DecodeError

from pushwire._version import __version__
from pushwire.plugin.decode import decode
from pushwire.plugin.generate import generate

__all__ = ["USAGE", "main"]

USAGE = """\
protoc-gen-pushwire is a plugin for protoc and buf. It reads a CodeGeneratorRequest from standard input and writes a
CodeGeneratorResponse to standard output.

  buf.gen.yaml:   plugins: [{local: protoc-gen-pushwire, out: ., strategy: all}]
  protoc:         python -m grpc_tools.protoc -I proto --pushwire_out=. chat/v1/chat.proto

Options of the plugin (opt: in buf.gen.yaml, --pushwire_opt= of protoc), separated by commas:

  targets=server+client+cdk+schema  what to generate, joined by '+' (default: server+client)
  imports=absolute|relative         how generated modules import each other (default: absolute)
  elide_version                     omit the plugin's version from generated files

Options of the command: --version, --help
"""


def main() -> int:
    """Run the plugin.

    Returns:
        The exit status: 0 if a response was written, including one that reports errors in contracts; 1 if standard
        input is not a request; 2 for an unknown argument, or a terminal as standard input. An exception is a bug of the
        plugin: Python prints its traceback and exits with 1.
    """
    match sys.argv[1:]:
        case []:
            return _respond()
        case ["--version"]:
            sys.stdout.write(f"protoc-gen-pushwire {__version__}\n")
            return 0
        case ["--help" | "-h"]:
            sys.stdout.write(USAGE)
            return 0
        case arguments:
            return _refuse(f"unexpected argument {arguments[0]!r}; see protoc-gen-pushwire --help", status=2)


def _respond() -> int:
    if sys.stdin.isatty():
        sys.stderr.write(USAGE)
        return 2
    stdout = sys.stdout.buffer
    with contextlib.redirect_stdout(sys.stderr):  # Why: output of a print() would corrupt the response.
        try:
            request = decode(sys.stdin.buffer.read())
        except DecodeError:
            return _refuse("standard input is not a CodeGeneratorRequest; see protoc-gen-pushwire --help", status=1)
        response = generate(request).SerializeToString(deterministic=True)
    stdout.write(response)
    stdout.flush()
    return 0


def _refuse(reason: str, *, status: int) -> int:
    sys.stderr.write(f"protoc-gen-pushwire: {reason}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
