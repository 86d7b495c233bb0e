"""What is sent is what botocore would have signed, for every id, token, host and path."""

from datetime import UTC, datetime

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pushwire.callback_url import CallbackUrl
from pushwire.sigv4 import CredentialChain, Credentials
from pushwire.transport.http._requests import Method, Requests

URLS = st.sampled_from(
    [
        "https://abc123.execute-api.eu-west-1.amazonaws.com/prod",
        "https://Ws.Example.com",
        "https://ws.example.com:443/key",
        "https://ws.example.com:/key",
        "https://ws.example.com:8443/a/b",
        "http://127.0.0.1:3000/local",
        "http://[::1]:3000/local",
        "http://localhost:80/$-_.+!*'()",
    ]
)
METHODS: st.SearchStrategy[Method] = st.sampled_from(["POST", "GET", "DELETE"])


@given(
    method=METHODS,
    url=URLS,
    connection_id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    body=st.binary(max_size=50),
    token=st.none() | st.from_regex(r"[A-Za-z0-9+/]{1,400}={0,2}", fullmatch=True),
)
@example("POST", "https://abc123.execute-api.eu-west-1.amazonaws.com/prod", "R0oXAdfD0kwCH6w=", b"{}", "token==")
@example("POST", "http://127.0.0.1:3000/local", "@a/../b?c#d%3D", b"", None)
def test_every_request_is_signed_as_botocore_signs_it(
    method: Method, url: str, connection_id: str, body: bytes, token: str | None
) -> None:
    assume(connection_id not in {".", ".."})
    body = body if method == "POST" else b""
    now = datetime.now(UTC)
    chain = CredentialChain(lambda: None, default=Credentials("AKIDEXAMPLE", "secret", token))
    callback_url = CallbackUrl.parse(url)
    requests = Requests(callback_url, "eu-west-1", chain, lambda: now.timestamp())
    head, _, sent_body = requests.template(method, body).request(connection_id).partition(b"\r\n\r\n")
    request_line, *lines = head.decode().split("\r\n")
    sent_method, target, _ = request_line.split(" ")
    sent = dict(line.split(": ", 1) for line in lines)
    assert (sent_method, sent_body) == (method, body)
    assert sent.get("Content-Length") == (str(len(body)) if method == "POST" else None)

    origin = callback_url.url.split("/", 3)[:3]
    theirs = AWSRequest(method=method, url="/".join(origin) + target, data=body)
    signer = SigV4Auth(BotocoreCredentials("AKIDEXAMPLE", "secret", token), "execute-api", "eu-west-1")
    theirs.context["timestamp"] = sent["X-Amz-Date"]
    theirs.headers["X-Amz-Date"] = sent["X-Amz-Date"]
    if token:
        theirs.headers["X-Amz-Security-Token"] = sent["X-Amz-Security-Token"]
    signature = signer.signature(signer.string_to_sign(theirs, signer.canonical_request(theirs)), theirs)
    signed = signer.signed_headers(signer.headers_to_sign(theirs))
    assert sent["Authorization"] == (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(theirs)}, SignedHeaders={signed}, Signature={signature}"
    )
    assert sent["Host"] == signer.headers_to_sign(theirs)["host"]
