"""The options of `pushwire dev` for authorizers and signatures."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pushwire.cli.errors import CommandError

if TYPE_CHECKING:
    from pushwire.gateway import Authorizer, Principal

__all__ = ["add_arguments", "authorizer", "region", "signer"]

IAM: Final = "aws_iam"
# The credentials of Pushwire's SDK for loopback hosts if no others are found.
_LOCAL_KEY: Final = "local"
_LOCAL_REGION: Final = "us-east-1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of `dev`."""
    parser.add_argument(
        "--authorizer",
        metavar="module:attribute",
        help=f"a Lambda authorizer for $connect, such as chat_app:authorize; {IAM} for IAM authorization",
    )
    parser.add_argument(
        "--identity-source",
        dest="identity_sources",
        action="append",
        default=[],
        metavar="SOURCE",
        help="a value that handshakes must have for the authorizer to be called, such as "
        "route.request.querystring.token; may be repeated",
    )
    parser.add_argument(
        "--require-signatures",
        action="store_true",
        help="refuse posts that are not signed (SigV4) with the credentials and the region of the environment",
    )


def authorizer(args: argparse.Namespace) -> "Authorizer | None":
    """Return the authorizer that the options select, or `None`.

    Args:
        args: The parsed options.

    Raises:
        CommandError: The options cannot be combined.
        PushwireError: The authorizer cannot be loaded, or an identity source is invalid.
    """
    from pushwire.gateway import IamAuthorizer, RequestAuthorizer, load_handler

    if args.authorizer is None or args.authorizer == IAM:
        if args.identity_sources:
            raise CommandError("--identity-source requires a Lambda authorizer; add --authorizer module:attribute")
        if args.authorizer == IAM and not args.require_signatures:
            raise CommandError(f"--authorizer {IAM} requires --require-signatures; add it")
        return None if args.authorizer is None else IamAuthorizer()
    return RequestAuthorizer(load_handler(args.authorizer), tuple(args.identity_sources))


def region() -> str:
    """Return the region of the environment or of the AWS profile; otherwise the one of a gateway by default."""
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if os.environ.get(variable):
            return os.environ[variable]
    if not Path(os.environ.get("AWS_CONFIG_FILE", "~/.aws/config")).expanduser().exists():
        return _LOCAL_REGION  # without the import of botocore
    try:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session
    except ImportError:
        return _LOCAL_REGION
    try:
        return Session().get_config_variable("region") or _LOCAL_REGION
    except BotoCoreError:
        return _LOCAL_REGION


def signer() -> "tuple[Principal, str]":
    """Return the principal whose signatures the gateway accepts, and the region: those that SDKs in handlers use.

    If the environment has no credentials, the principal has the keys that Pushwire's SDK uses for loopback hosts.

    Raises:
        CommandError: The credentials cannot be loaded.
        ImportError: botocore is not installed.
    """
    try:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.session import Session
    except ImportError as error:
        raise ImportError("--require-signatures needs boto3: pip install 'pushwire[boto3]'", name=error.name) from error

    from pushwire.gateway import Principal

    try:
        session = Session()
        # Why: outside EC2, the request for an instance role only times out after seconds.
        session.get_component("credential_provider").remove("iam-role")
        credentials = session.get_credentials()
        if credentials is None:
            return Principal(_LOCAL_KEY, _LOCAL_KEY), region()
        keys = credentials.get_frozen_credentials()
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"--require-signatures: {error}") from error
    return Principal(keys.access_key or "", keys.secret_key or "", session_token=keys.token or None), region()
