"""AWS Signature Version 4 without I/O, and the credentials to sign with."""

from typing import TYPE_CHECKING

from pushwire.sigv4.credentials import CredentialChain, Credentials, environment_credentials
from pushwire.sigv4.signer import Signer, SigningContext, canonical_target, signing_key

if TYPE_CHECKING:
    from pushwire.sigv4.presigner import presigned_url

__all__ = [
    "CredentialChain",
    "Credentials",
    "Signer",
    "SigningContext",
    "canonical_target",
    "environment_credentials",
    "presigned_url",
    "signing_key",
]


def __getattr__(name: str) -> object:
    """Import the presigner when it is first used. Why: sends do not need it or `urllib.parse`."""
    if name == "presigned_url":
        from pushwire.sigv4.presigner import presigned_url

        return presigned_url
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
