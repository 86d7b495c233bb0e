"""Computes the expected signature of a received request with botocore's own signer."""

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
    """A signature, with its canonical request and its string to sign, which AWS's error texts quote."""

    canonical_request: str
    string_to_sign: str
    signature: str


class _ReceivedRequestAuth(SigV4Auth):
    """Signs the headers that the sender signed, not those that botocore would choose."""

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
    """Return the expected signature of a request.

    Args:
        secret_access_key: The secret of the access key that the request names.
        region: The region of the scope.
        service: The service of the scope.
        timestamp: The time of signing in ISO 8601's basic format, such as `20150830T123600Z`.
        method: The HTTP method.
        path: The path as sent. It is percent-encoded once more, as for every service except S3.
        query: The query string, canonically encoded, without the signature.
        headers: The signed headers, with names in lower case. The header `x-amz-content-sha256` does not replace the
            hash of the body, because API Gateway hashes the body that it received.
        body: The body.
    """
    signed = HTTPMessage()
    for name, value in headers:
        signed[name] = value
    # botocore takes only path and query from this URL. Why '#' is encoded: the rest would be dropped as a fragment.
    url = f"http://gateway/{path.removeprefix('/').replace('#', '%23')}?{query}"
    request = AWSRequest(method=method, url=url, data=body)
    request.context["timestamp"] = timestamp
    auth = _ReceivedRequestAuth(secret_access_key, region, service, signed)
    canonical_request = auth.canonical_request(request)
    string_to_sign = auth.string_to_sign(request, canonical_request)
    return Expected(canonical_request, string_to_sign, auth.signature(string_to_sign, request))
