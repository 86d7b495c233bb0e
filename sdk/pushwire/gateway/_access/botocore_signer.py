"""botocore's own signer, asked what the signature of a received request should have been."""

from http.client import HTTPMessage
from typing import NamedTuple

try:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import ReadOnlyCredentials
except ImportError as error:
    text = "verifying signatures needs boto3: pip install 'pushwire[boto3]'"
    raise ImportError(text, name=error.name) from error

__all__ = ["Expected", "expected_signature"]


class Expected(NamedTuple):
    """A signature, and what it is made from."""

    canonical_request: str
    string_to_sign: str
    signature: str


class _ReceivedRequestAuth(SigV4Auth):
    """Signs the headers that the sender signed, not those that botocore would have chosen."""

    def __init__(self, secret_access_key: str, region: str, service: str, signed: HTTPMessage) -> None:
        super().__init__(ReadOnlyCredentials("", secret_access_key, None), service, region)
        self._signed = signed

    def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:  # noqa: ARG002 - botocore's signature
        return self._signed


def expected_signature(
    *,
    secret_access_key: str,
    region: str,
    service: str,
    timestamp: str,
    method: str,
    path: str,
    query: str,
    headers: list[tuple[str, str]],
    body: bytes,
) -> Expected:
    """Return the signature that a request should carry.

    Args:
        secret_access_key: The key of the one who claims to have signed it.
        region: The region of the scope.
        service: The service of the scope.
        timestamp: When it was signed, in ISO 8601's basic format.
        method: The HTTP method.
        path: The path as it was sent. It is encoded once more, as for every service but S3.
        query: The query string, canonically encoded, without the signature.
        headers: The signed headers, named in lower case. A `x-amz-content-sha256` among them does not stand for the
            body: API Gateway hashes what it received.
        body: The body.
    """
    signed = HTTPMessage()
    for name, value in headers:
        signed[name] = value
    # Scheme and host are not read from here; a '#' would begin a fragment, which is not read either.
    url = f"http://gateway/{path.removeprefix('/').replace('#', '%23')}?{query}"
    request = AWSRequest(method=method, url=url, data=body)
    request.context["timestamp"] = timestamp
    auth = _ReceivedRequestAuth(secret_access_key, region, service, signed)
    canonical_request = auth.canonical_request(request)
    string_to_sign = auth.string_to_sign(request, canonical_request)
    return Expected(canonical_request, string_to_sign, auth.signature(string_to_sign, request))
