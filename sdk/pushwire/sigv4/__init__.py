"""Signing for AWS: Signature Version 4 without I/O, and the credentials to sign with.

Presigned URLs are in `pushwire.sigv4.presigner`, which imports more.
"""

from pushwire.sigv4.credentials import CredentialChain, Credentials, environment_credentials
from pushwire.sigv4.signer import Signer, Stamp, canonical_target, signing_key

__all__ = [
    "CredentialChain",
    "Credentials",
    "Signer",
    "Stamp",
    "canonical_target",
    "environment_credentials",
    "signing_key",
]
