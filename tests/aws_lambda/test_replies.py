"""Requests, confirmations and refusals: a router sends at most one answer, to the client that wants one."""

import asyncio
import base64
import contextlib
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from pushwire import (
    Code,
    ConnectionGoneError,
    ForbiddenError,
    Format,
    OperationError,
    PayloadTooLargeError,
    RemoteOperationError,
)
from pushwire.aws_lambda import (
    AnyRequest,
    AsyncCallNext,
    CallNext,
    Request,
    RouterError,
    async_logging_interceptor,
    logging_interceptor,
)
from pushwire.frame import Envelope, encode, read
from pushwire.operation import AnyOperation
from pushwire.testing import AsyncRecordingTransport, RecordingTransport
from pushwire.v1.frame_pb2 import Frame
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import (
    AsyncLibraryHandlers,
    AsyncLibraryRequest,
    AsyncLibraryRouter,
    AsyncLibraryServerSdk,
    LibraryHandlers,
    LibraryRequest,
    LibraryRouter,
    LibraryServerSdk,
)
from tests.aws_lambda.contract.desk_pushwire_operations import LibraryOperations
from tests.aws_lambda.world import CONNECTION_ID, OK, REQUEST_ID, Event, error_frame, saying

Does = Callable[[Any], Any]
Build = Callable[..., Any]


class Library(LibraryHandlers):
    """Handlers that find a book for each visitor, or run the function of a test."""

    def __init__(self, does: Does | None = None) -> None:
        self.does = does
        self.messages: list[Any] = []

    def find(self, request: LibraryRequest[Visitor], /) -> Greeting:
        reply: Greeting = self.handle(request, Greeting(text=f"a book for {request.message.name}"))
        return reply

    def lend(self, request: LibraryRequest[Greeting], /) -> None:
        self.handle(request, None)

    def handle(self, request: Any, result: Any) -> Any:
        self.messages.append(request.message)
        return result if self.does is None else self.does(request)


class AsyncLibrary(AsyncLibraryHandlers):
    def __init__(self, library: Library) -> None:
        self._library = library

    async def find(self, request: AsyncLibraryRequest[Visitor], /) -> Greeting:
        reply: Greeting = self._library.handle(request, Greeting(text=f"a book for {request.message.name}"))
        return reply

    async def lend(self, request: AsyncLibraryRequest[Greeting], /) -> None:
        self._library.handle(request, None)


def by_class(library: Library, transport: RecordingTransport, interceptors: Any = ()) -> LibraryRouter:
    sdk = LibraryServerSdk(transport=transport)
    return LibraryRouter(library, interceptors=interceptors, sdk=lambda _url: sdk)


def by_decorators(library: Library, transport: RecordingTransport, interceptors: Any = ()) -> LibraryRouter:
    sdk = LibraryServerSdk(transport=transport)
    router = LibraryRouter(interceptors=interceptors, sdk=lambda _url: sdk)
    router.find(library.find)
    router.lend(library.lend)
    return router


def _async_transport(transport: RecordingTransport) -> AsyncRecordingTransport:
    recording = AsyncRecordingTransport()
    vars(recording).update(vars(transport))  # the same lists
    return recording


def by_async_class(library: Library, transport: RecordingTransport, interceptors: Any = ()) -> AsyncLibraryRouter:
    sdk = AsyncLibraryServerSdk(transport=_async_transport(transport))
    wrapped = [_awaited(interceptor) for interceptor in interceptors]
    return AsyncLibraryRouter(AsyncLibrary(library), interceptors=wrapped, sdk=lambda _url: sdk)


def by_async_decorators(library: Library, transport: RecordingTransport, interceptors: Any = ()) -> AsyncLibraryRouter:
    sdk = AsyncLibraryServerSdk(transport=_async_transport(transport))
    router = AsyncLibraryRouter(interceptors=[_awaited(each) for each in interceptors], sdk=lambda _url: sdk)
    handlers = AsyncLibrary(library)
    router.find(handlers.find)
    router.lend(handlers.lend)
    return router


def _awaited(interceptor: Any) -> Any:
    """Return the async form of an interceptor of these tests."""
    if interceptor is logging_interceptor:
        return async_logging_interceptor
    return interceptor.is_async


@pytest.fixture(params=[by_class, by_decorators, by_async_class, by_async_decorators])
def build(request: pytest.FixtureRequest) -> Build:
    found: Build = request.param
    return found


def frame_of(operation: AnyOperation, message: Any, frame_format: Format = Format.JSON, **options: Any) -> Event:
    return saying(encode(operation, message, frame_format, **options).decode(), route_key=operation.route)


def find(name: str = "Ada", request_id: str | None = "7", frame_format: Format = Format.JSON) -> Event:
    return frame_of(LibraryOperations.find, Visitor(name=name), frame_format, id=request_id)


def lend(text: str = "a book", request_id: str | None = "7", frame_format: Format = Format.JSON) -> Event:
    return frame_of(LibraryOperations.lend, Greeting(text=text), frame_format, id=request_id)


def answer(transport: RecordingTransport) -> Envelope:
    """Return the only frame that was posted."""
    (post,) = transport.posts
    assert post.connection_id == CONNECTION_ID
    found = read(post.data.decode())
    assert isinstance(found, Envelope)
    return found


def failure(transport: RecordingTransport) -> tuple[str, str | None, Code, str]:
    """Return the route, the id, the code and the text of the only frame, which is an error."""
    found = answer(transport)
    assert isinstance(found.error, OperationError)
    return found.route, found.reply_to, found.error.code, found.error.message


@pytest.mark.parametrize("frame_format", Format)
def test_the_reply_of_a_handler_goes_to_its_client_in_the_format_of_the_request(
    build: Build, pushwire_transport: RecordingTransport, frame_format: Format
) -> None:
    assert build(Library(), pushwire_transport)(find(frame_format=frame_format), None) == OK
    reply = answer(pushwire_transport)
    assert (reply.route, reply.reply_to, reply.format) == ("Find", "7", frame_format)
    assert reply.message(LibraryOperations.find.reply) == Greeting(text="a book for Ada")
    assert pushwire_transport.sent.to(CONNECTION_ID) == [Greeting(text="a book for Ada")]


@pytest.mark.parametrize("frame_format", Format)
def test_a_one_way_message_with_an_id_is_confirmed_after_its_handler_has_returned(
    build: Build, pushwire_transport: RecordingTransport, frame_format: Format
) -> None:
    posts_before: list[int] = []
    library = Library(lambda _request: posts_before.append(len(pushwire_transport.posts)))
    assert build(library, pushwire_transport)(lend(frame_format=frame_format), None) == OK
    confirmation = answer(pushwire_transport)
    assert (confirmation.route, confirmation.reply_to, confirmation.error) == ("Lend", "7", None)
    assert (confirmation.format, posts_before) == (frame_format, [0])
    assert len(pushwire_transport.sent) == 0


def test_a_client_that_wants_no_answer_gets_none(build: Build, pushwire_transport: RecordingTransport) -> None:
    library = Library()
    router = build(library, pushwire_transport)
    assert router(lend(request_id=None), None) == OK
    assert router(find(request_id=None), None) == OK
    assert library.messages == [Greeting(text="a book"), Visitor(name="Ada")]
    assert pushwire_transport.posts == []


@pytest.mark.parametrize("message", [find, lend])
def test_a_handler_refuses_a_message_with_a_reason(
    build: Build, pushwire_transport: RecordingTransport, message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_request: Any) -> None:
        raise OperationError(Code.NOT_FOUND, "no book of that name")

    router = build(Library(refuse), pushwire_transport, [logging_interceptor])
    with caplog.at_level(logging.INFO, "pushwire"):
        assert router(message(), None) == OK
    route = json.loads(message()["body"])["route"]
    assert failure(pushwire_transport) == (route, "7", Code.NOT_FOUND, "no book of that name")
    (record,) = caplog.records
    assert (record.levelname, "refused with not_found" in record.message) == ("INFO", True)


def test_a_refusal_without_an_id_has_the_form_of_api_gateways_error_frames(
    build: Build, pushwire_transport: RecordingTransport
) -> None:
    def refuse(_request: Any) -> None:
        raise OperationError(Code.RESOURCE_EXHAUSTED, 'no "more" books')

    assert build(Library(refuse), pushwire_transport)(lend(request_id=None), None) == OK
    assert json.loads(pushwire_transport.posts[0].data) == {
        "message": 'no "more" books',
        "connectionId": CONNECTION_ID,
        "requestId": REQUEST_ID,
        "code": "resource_exhausted",
    }


@pytest.mark.parametrize("message", [find, lend])
def test_an_exception_is_internal_without_its_text_and_fails_the_invocation(
    build: Build, pushwire_transport: RecordingTransport, message: Any
) -> None:
    def fail(_request: Any) -> None:
        raise KeyError("a secret")

    router = build(Library(fail), pushwire_transport)
    with pytest.raises(KeyError, match="a secret"):
        router(message(), None)
    assert failure(pushwire_transport)[1:] == ("7", Code.INTERNAL, "Internal server error")
    pushwire_transport.posts.clear()
    with pytest.raises(KeyError, match="a secret"):
        router(message(request_id=None), None)
    assert pushwire_transport.posts == []  # API Gateway answers


@pytest.mark.parametrize("message", [find, lend])
def test_an_async_handler_that_awaits_a_cancelled_task_has_failed(
    pushwire_transport: RecordingTransport, message: Any
) -> None:
    def fail(_request: Any) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        by_async_class(Library(fail), pushwire_transport)(message(), None)
    assert failure(pushwire_transport)[1:] == ("7", Code.INTERNAL, "Internal server error")


@pytest.mark.parametrize("message", [find, lend])
def test_a_refusal_of_another_server_is_a_failure_unless_the_handler_passes_it_on(
    build: Build, pushwire_transport: RecordingTransport, message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def ask_another_service(request: Any) -> None:
        try:
            raise RemoteOperationError(Code.NOT_FOUND, "no row 7 in the table of users")
        except OperationError as error:
            if request.id == "8":
                raise OperationError(error.code, "no such user") from error
            raise

    router = build(Library(ask_another_service), pushwire_transport, [logging_interceptor])
    with pytest.raises(RemoteOperationError, match="no row 7"):
        router(message(), None)
    assert failure(pushwire_transport)[1:] == ("7", Code.INTERNAL, "Internal server error")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    with pytest.raises(RemoteOperationError):
        router(message(request_id=None), None)
    pushwire_transport.posts.clear()
    assert router(message(request_id="8"), None) == OK
    assert failure(pushwire_transport)[1:] == ("8", Code.NOT_FOUND, "no such user")


@pytest.mark.parametrize("result", [None, Visitor(name="x"), "a book", b""])
def test_a_handler_that_returns_no_reply_has_failed(
    build: Build, pushwire_transport: RecordingTransport, result: object
) -> None:
    said = r"the reply to desk\.v1\.LibraryService\.Find must be a desk\.v1\.Greeting, not "
    with pytest.raises(RouterError, match=said + type(result).__name__):
        build(Library(lambda _request: result), pushwire_transport)(find(), None)
    assert failure(pushwire_transport) == ("Find", "7", Code.INTERNAL, "Internal server error")


def test_a_reply_that_is_too_large_has_failed(build: Build, pushwire_transport: RecordingTransport) -> None:
    router = build(Library(lambda _request: Greeting(text="x" * 131_072)), pushwire_transport)
    with pytest.raises(PayloadTooLargeError, match=r"the reply has 131,\d+ bytes"):
        router(find(), None)
    assert failure(pushwire_transport)[2] is Code.INTERNAL


@pytest.mark.parametrize("message", [find, lend])
def test_a_client_that_has_left_fails_nothing(
    build: Build, pushwire_transport: RecordingTransport, message: Any
) -> None:
    pushwire_transport.failures[CONNECTION_ID] = ConnectionGoneError()
    library = Library()
    assert build(library, pushwire_transport)(message(), None) == OK
    assert len(library.messages) == 1


def test_a_function_that_may_not_send_replies_fails(build: Build, pushwire_transport: RecordingTransport) -> None:
    pushwire_transport.failures[CONNECTION_ID] = ForbiddenError()
    with pytest.raises(ForbiddenError):
        build(Library(), pushwire_transport)(find(), None)


def test_the_first_failure_is_raised_if_its_error_cannot_be_sent_either(
    build: Build, pushwire_transport: RecordingTransport, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_request: Any) -> None:
        raise KeyError("first")

    pushwire_transport.failures[CONNECTION_ID] = ForbiddenError()
    with pytest.raises(KeyError, match="first"):
        build(Library(fail), pushwire_transport)(find(), None)
    assert "did not reach connection" in caplog.text


def test_an_unknown_route_is_unimplemented(build: Build, pushwire_transport: RecordingTransport) -> None:
    event = saying('{"route":"Burn","id":"7","payload":{}}', route_key="$default")
    assert build(Library(), pushwire_transport)(event, None) == OK
    assert failure(pushwire_transport) == ("Burn", "7", Code.UNIMPLEMENTED, "no handler has the route of the frame")


@pytest.mark.parametrize("frame_format", Format)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_route_without_a_function_is_unimplemented_and_only_the_log_names_the_router(
    pushwire_transport: RecordingTransport, frame_format: Format, is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    router: Any
    if is_async:
        async_sdk = AsyncLibraryServerSdk(transport=_async_transport(pushwire_transport))
        router = AsyncLibraryRouter(sdk=lambda _url: async_sdk)
    else:
        sdk = LibraryServerSdk(transport=pushwire_transport)
        router = LibraryRouter(sdk=lambda _url: sdk)
    assert router(find(frame_format=frame_format), None) == OK
    assert failure(pushwire_transport) == ("Find", "7", Code.UNIMPLEMENTED, "no handler has the route of the frame")
    assert f"{type(router).__name__} has no function for desk.v1.LibraryService.Find" in caplog.text


@pytest.mark.parametrize("frame_format", Format)
def test_a_client_that_makes_up_a_long_route_gets_an_answer_that_can_be_sent(
    build: Build, pushwire_transport: RecordingTransport, frame_format: Format
) -> None:
    event = frame_of(LibraryOperations.find._replace(route="é" * 20_000), Visitor(), frame_format, id="7")
    event["requestContext"]["routeKey"] = "$default"
    assert build(Library(), pushwire_transport)(event, None) == OK
    assert failure(pushwire_transport)[:3] == ("é" * 128, "7", Code.UNIMPLEMENTED)


@pytest.mark.parametrize(
    "body",
    [
        '{"route":"Find","id":"7","payload":{"name":5}}',
        '{"route":"Find","id":"7","payload":[]}',
        '{"route":"Find","id":"7","reply_to":"8","payload":{}}',
        '{"route":"Find","id":"7","error":{"message":"no code"},"payload":{}}',
        '{"route":"Lend","id":"7","payload":{}}',
    ],
)
def test_a_message_that_cannot_be_decoded_is_an_invalid_argument(
    build: Build, pushwire_transport: RecordingTransport, body: str
) -> None:
    library = Library()
    assert build(library, pushwire_transport)(saying(body, route_key="Find"), None) == OK
    route, reply_to, code, text = failure(pushwire_transport)
    assert (route, reply_to, code) == (json.loads(body)["route"], "7", Code.INVALID_ARGUMENT)
    assert (len(text) > 5, library.messages) == (True, [])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"route":"Find","id":"7","reply_to":null,"payload":{}}', '"reply_to" is not a non-empty string'),
        ('{"route":"Find","id":"7","error":null,"payload":{}}', '"error" is not an object with the strings'),
        ('{"route":"Find","id":"7","reply_to":"8"}', "the client sent an answer, which only servers do"),
        (
            base64.b64encode(Frame(route="Find", id="7", reply_to="x" * 65).SerializeToString()).decode(),
            '"reply_to" has 65 characters, and at most 64 are allowed',
        ),
    ],
)
def test_a_client_whose_id_can_be_read_gets_the_reason_with_it(
    build: Build, pushwire_transport: RecordingTransport, body: str, said: str
) -> None:
    assert build(Library(), pushwire_transport)(saying(body, route_key="Find"), None) == OK
    route, reply_to, code, text = failure(pushwire_transport)
    assert (route, reply_to, code, text.startswith(said)) == ("Find", "7", Code.INVALID_ARGUMENT, True)


def test_a_function_for_unknown_routes_is_confirmed_and_may_refuse(pushwire_transport: RecordingTransport) -> None:
    sdk = LibraryServerSdk(transport=pushwire_transport)
    router = LibraryRouter(sdk=lambda _url: sdk)

    @router.on_default
    def handle(request: LibraryRequest[None]) -> None:
        if request.id == "8":
            raise OperationError(Code.FAILED_PRECONDITION, "closed")

    router(saying('{"route":"Burn","id":"7"}', route_key="$default"), None)
    router(saying('{"route":"Burn","id":"8"}', route_key="$default"), None)
    assert [json.loads(post.data) for post in pushwire_transport.posts] == [
        {"route": "Burn", "reply_to": "7"},
        {"route": "Burn", "reply_to": "8", "error": {"code": "failed_precondition", "message": "closed"}},
    ]


class Swallowing:
    """Interceptor that calls the handler a number of times, and catches its exceptions."""

    def __init__(self, calls: int = 1) -> None:
        self._calls = calls

    def __call__(self, request: AnyRequest, call_next: CallNext, /) -> None:
        for _ in range(self._calls):
            with contextlib.suppress(Exception):
                call_next(request)

    async def is_async(self, request: AnyRequest, call_next: AsyncCallNext, /) -> None:
        for _ in range(self._calls):
            with contextlib.suppress(Exception):
                await call_next(request)


@pytest.mark.parametrize(
    "error", [KeyError("a secret"), OperationError(Code.NOT_FOUND), RemoteOperationError(Code.ABORTED)]
)
@pytest.mark.parametrize("message", [find, lend])
def test_a_message_whose_handler_has_not_returned_is_not_confirmed(
    build: Build, pushwire_transport: RecordingTransport, message: Any, error: Exception
) -> None:
    def fail(_request: Any) -> None:
        raise error

    router = build(Library(fail), pushwire_transport, [Swallowing()])
    with pytest.raises(
        RouterError, match=r"Library.* has (not returned|no reply).*: an interceptor must call call_next"
    ):
        router(message(), None)
    assert failure(pushwire_transport)[1:] == ("7", Code.INTERNAL, "Internal server error")
    pushwire_transport.posts.clear()
    assert router(message(request_id=None), None) == OK
    assert pushwire_transport.posts == []


@pytest.mark.parametrize("message", [find, lend])
def test_an_interceptor_may_call_the_handler_again(
    build: Build, pushwire_transport: RecordingTransport, message: Any
) -> None:
    library = Library()

    def fail_once(_request: Any) -> Greeting | None:
        if len(library.messages) == 1:
            raise TimeoutError
        return Greeting(text="found") if message is find else None

    library.does = fail_once
    assert build(library, pushwire_transport, [Swallowing(calls=2)])(message(), None) == OK
    assert (answer(pushwire_transport).error, len(library.messages)) == (None, 2)


def test_a_function_for_unknown_routes_confirms_only_after_it_has_returned(
    pushwire_transport: RecordingTransport,
) -> None:
    sdk = LibraryServerSdk(transport=pushwire_transport)
    router = LibraryRouter(interceptors=[Watching(calls_next=False)], sdk=lambda _url: sdk)
    router.on_default(lambda _request: None)
    with pytest.raises(RouterError, match=r"the handler of \$default has not returned"):
        router(saying('{"route":"Burn","id":"7"}', route_key="$default"), None)
    assert failure(pushwire_transport)[:3] == ("Burn", "7", Code.INTERNAL)


class Watching:
    """Interceptor that records the reply or the error that it sees, and then runs a function of a test."""

    def __init__(self, does: Does = lambda _request: None, *, calls_next: bool = True) -> None:
        self.seen: list[Any] = []
        self._does = does
        self._calls_next = calls_next

    def __call__(self, request: AnyRequest, call_next: CallNext, /) -> None:
        assert isinstance(request, Request)
        try:
            if self._calls_next:
                call_next(request)
        except Exception as error:
            self.seen.append(error)
            self._does(request)
            raise
        self.seen.append(request.reply)
        self._does(request)

    async def is_async(self, request: AnyRequest, call_next: AsyncCallNext, /) -> None:
        assert isinstance(request, Request)
        try:
            if self._calls_next:
                await call_next(request)
        except Exception as error:
            self.seen.append(error)
            self._does(request)
            raise
        self.seen.append(request.reply)
        self._does(request)


def test_interceptors_see_the_reply_and_the_error(build: Build, pushwire_transport: RecordingTransport) -> None:
    outer, inner = Watching(), Watching()
    library = Library()
    router = build(library, pushwire_transport, [outer, inner])
    router(find(), None)
    assert outer.seen == inner.seen == [Greeting(text="a book for Ada")]

    def refuse(_request: Any) -> None:
        raise OperationError(Code.ABORTED)

    library.does = refuse
    router(find(), None)
    assert [error.code for error in (outer.seen[1], inner.seen[1])] == [Code.ABORTED, Code.ABORTED]


def test_an_interceptor_may_set_the_reply(build: Build, pushwire_transport: RecordingTransport) -> None:
    def shelve(request: Request[Any, Any]) -> None:
        request.reply = Greeting(text=f"on the shelf since {request.id}")

    library = Library()
    build(library, pushwire_transport, [Watching(shelve, calls_next=False)])(find(), None)
    assert answer(pushwire_transport).message(LibraryOperations.find.reply) == Greeting(text="on the shelf since 7")
    assert library.messages == []


def test_an_interceptor_may_refuse(build: Build, pushwire_transport: RecordingTransport) -> None:
    def refuse(_request: Any) -> None:
        raise OperationError(Code.UNAUTHENTICATED, "who are you?")

    assert build(Library(), pushwire_transport, [Watching(refuse)])(find(), None) == OK
    assert failure(pushwire_transport) == ("Find", "7", Code.UNAUTHENTICATED, "who are you?")


def test_a_request_that_an_interceptor_keeps_for_itself_has_failed(
    build: Build, pushwire_transport: RecordingTransport
) -> None:
    router = build(Library(), pushwire_transport, [Watching(calls_next=False)])
    with pytest.raises(RouterError, match=r"must call call_next, or set request\.reply"):
        router(find(), None)
    assert failure(pushwire_transport)[2] is Code.INTERNAL
    pushwire_transport.posts.clear()
    with pytest.raises(RouterError, match="must call call_next and not catch its exceptions, or raise OperationError"):
        router(lend(), None)
    assert failure(pushwire_transport)[2] is Code.INTERNAL
    pushwire_transport.posts.clear()
    assert router(lend(request_id=None), None) == OK  # without an id, it counts as handled
    assert pushwire_transport.posts == []


@pytest.mark.parametrize("calls_next", [True, False])
@pytest.mark.parametrize("refuses", [True, False])
def test_a_refused_message_gets_one_answer_whatever_interceptors_do(
    build: Build, pushwire_transport: RecordingTransport, calls_next: bool, refuses: bool
) -> None:
    def refuse(_request: Any) -> None:
        if refuses:
            raise OperationError(Code.ABORTED)

    watching = Watching(refuse, calls_next=calls_next)
    event = saying('{"route":"Find","id":"7","payload":5}', route_key="Find")
    assert build(Library(), pushwire_transport, [watching])(event, None) == OK
    expected = Code.ABORTED if refuses and not calls_next else Code.INVALID_ARGUMENT
    assert failure(pushwire_transport)[2] is expected


def test_a_reply_of_the_wrong_kind_cannot_be_set(pushwire_transport: RecordingTransport) -> None:
    def set_reply(request: Request[Any, Any]) -> None:
        request.reply = Greeting()

    with pytest.raises(RouterError, match=r"desk\.v1\.LibraryService\.Lend is one-way and has no reply"):
        by_class(Library(), pushwire_transport, [Watching(set_reply)])(lend(), None)


def test_handlers_know_the_id(build: Build, pushwire_transport: RecordingTransport) -> None:
    ids: list[str | None] = []
    router = build(Library(lambda request: ids.append(request.id)), pushwire_transport)
    router(lend(), None)
    router(lend(request_id=None), None)
    router(lend(request_id="é" * 64), None)
    assert ids == ["7", None, "é" * 64]


HOSTILE: list[Any] = [5, -1, 1.5, True, None, "", [], {}, ["7"], {"id": "7"}, "x" * 65, "x" * 100_000]
ALLOWED = ["7", " ", "\n", "\x00", "\u2028", "😀" * 64, "\ud800", '"}', "</script>"]


def hostile_frames() -> list[tuple[str, str | None]]:
    """Return a hundred frames, each with the id that its answer has, or `None` for API Gateway's form."""
    frames: list[tuple[str, str | None]] = []
    for route in ("Find", "Lend", "Burn", "$default"):
        frames += [(json.dumps({"route": route, "id": each, "payload": {}}), None) for each in HOSTILE]
        frames += [(json.dumps({"route": route, "id": each, "payload": 5}), each) for each in ALLOWED]
        frames += [(json.dumps({"route": route, "id": "7", "reply_to": each}), "7") for each in HOSTILE]
    frames += [
        (json.dumps({"route": "Find", "id": "7", "reply_to": "7", "payload": {}}), "7"),
        (json.dumps({"route": "Find", "id": "7", "error": {}, "payload": {}}), "7"),
        (json.dumps({"route": "Find", "id": "7", "error": {"code": "internal"}}), "7"),
        (json.dumps({"route": "Find", "id": "7", "error": {"code": 5}}), "7"),
        (json.dumps({"route": "Find", "id": "7", "error": "internal"}), "7"),
        (json.dumps({"route": "Find", "reply_to": "7", "payload": {}}), None),
        (json.dumps({"route": "Find", "error": {"code": "internal", "message": "x"}}), None),
        (json.dumps({"route": 5, "id": "7"}), None),
        (json.dumps({"id": "7", "payload": {}}), None),
        ('{"route":"Find","id":"7","id":"8"}', None),
        ('{"route":"Find","id":"7","payload":{"name":"a","name":"b"}}', None),
        (encode(LibraryOperations.find, Visitor(), Format.BINARY, id="x" * 65).decode(), None),
        (encode(LibraryOperations.find, Visitor(), Format.BINARY, id="7", reply_to="7").decode(), "7"),
        (encode(LibraryOperations.find, Visitor(), Format.BINARY, reply_to="7").decode(), None),
    ]
    return frames


def test_a_hundred_hostile_frames_get_one_defined_answer_each(build: Build) -> None:
    frames = hostile_frames()
    assert len(frames) > 100
    for body, expected in frames:
        transport, library = RecordingTransport(), Library()
        assert build(library, transport)(saying(body, route_key="$default"), None) == OK
        (post,) = transport.posts
        assert library.messages == []
        if expected is None:
            assert post.data in {error_frame("Bad request body"), error_frame("Forbidden")}, body
        else:
            assert failure(transport)[1:3] in {(expected, Code.INVALID_ARGUMENT), (expected, Code.UNIMPLEMENTED)}, body
        assert len(post.data) < 1_000


def test_an_answer_to_a_binary_frame_is_binary_whatever_goes_wrong(pushwire_transport: RecordingTransport) -> None:
    router = by_class(Library(), pushwire_transport)
    broken = Frame(route="Find", payload=b"\xff", id="7")
    for frame in (broken, Frame(route="Burn", id="7")):
        pushwire_transport.posts.clear()
        router(saying(base64.b64encode(frame.SerializeToString()).decode(), route_key="$default"), None)
        assert answer(pushwire_transport).format is Format.BINARY
