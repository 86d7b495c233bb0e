"""Who may connect to the gateway of `pushwire dev`, and who may post to it: its options, and what they stand for."""

import argparse
import os
from typing import TYPE_CHECKING, Final

from pushwire.cli.errors import CommandError

if TYPE_CHECKING:
    from pushwire.gateway import Authorizer, Principal

__all__ = ["add_arguments", "authorizer", "signer"]

IAM: Final = "aws_iam"
# What Pushwire signs with on a loopback host where there is nothing else.
_LOCAL_KEY: Final = "local"
_LOCAL_REGION: Final = "us-east-1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of `dev`.

    Args:
        parser: The parser.
    """
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
        help="what a client must send for the authorizer to be called, such as route.request.querystring.token; "
        "may be given many times",
    )
    parser.add_argument(
        "--require-signatures",
        action="store_true",
        help="refuse posts that are not signed (SigV4) with the credentials and for the region of the environment",
    )


def authorizer(args: argparse.Namespace) -> "Authorizer | None":
    """Return the authorizer that the options name, or `None`.

    Args:
        args: What the parser gave.

    Raises:
        CommandError: The options do not go together.
        pushwire.PushwireError: The function does not load, or an identity source is none.
    """
    from pushwire.gateway import IamAuthorizer, RequestAuthorizer, load_handler

    if args.authorizer is None or args.authorizer == IAM:
        if args.identity_sources:
            raise CommandError("--identity-source is about a Lambda authorizer: add --authorizer module:attribute")
        if args.authorizer == IAM and not args.require_signatures:
            raise CommandError(f"--authorizer {IAM} needs --require-signatures, which says whose signatures count")
        return None if args.authorizer is None else IamAuthorizer()
    return RequestAuthorizer(load_handler(args.authorizer), tuple(args.identity_sources))


def signer() -> "tuple[Principal, str]":
    """Return who signs in this environment, and for which region: what the SDKs of handlers find there.

    Where there are no credentials, it is what Pushwire's own SDK signs with then.

    Raises:
        CommandError: There are credentials, and they cannot be loaded.
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
        # On a laptop, asking for an instance role takes seconds and finds nothing.
        session.get_component("credential_provider").remove("iam-role")
        credentials = session.get_credentials()
        region = os.environ.get("AWS_REGION") or session.get_config_variable("region") or _LOCAL_REGION
        if credentials is None:
            return Principal(_LOCAL_KEY, _LOCAL_KEY), region
        keys = credentials.get_frozen_credentials()
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"--require-signatures: {error}") from error
    return Principal(keys.access_key or "", keys.secret_key or "", session_token=keys.token or None), region
