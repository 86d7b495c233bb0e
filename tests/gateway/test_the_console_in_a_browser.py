"""The console's page in a real browser."""

import json
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import Int64Value

from pushwire import Direction, Format, Operation, RequestOperation
from pushwire.frame import encode
from pushwire.gateway import GatewaySettings
from pushwire.testing import GatewayClient, RunningGateway, local_gateway
from pushwire.transport import HttpTransport
from tests.gateway.world import Recorder
from tests.support import browser as browsers
from tests.support.browser import Browser, Keys
from tests.support.compiled import messages
from tests.support.made_once import MakeOnce
from tests.support.node import npm

pytestmark = pytest.mark.repository  # the page is the same for every Python

AXE = "axe-core@4.14.1"
LEAF: Any = messages()["wire.v1.Leaf"]
EVERYTHING: Any = messages()["wire.v1.Everything"]


def operation(name: str, direction: Direction, message_type: Any, **options: Any) -> Operation[Any]:
    return Operation("wire.v1.WireService", name, name, direction, message_type, **options)


JOIN = operation("Join", Direction.CLIENT_TO_SERVER, LEAF)
GREET = operation("Greet", Direction.SERVER_TO_CLIENT, LEAF)
EVERY = operation("Everything", Direction.BIDIRECTIONAL, EVERYTHING)
PACKED = operation("Packed", Direction.BIDIRECTIONAL, LEAF, format=Format.BINARY)
NUMBER = operation("Number", Direction.SERVER_TO_CLIENT, Int64Value)


ASK: RequestOperation[Any, Any] = RequestOperation(
    "wire.v1.WireService", "Ask", "Ask", Direction.CLIENT_TO_SERVER, LEAF, reply_type=LEAF
)


class Handler(Recorder):
    operations = (JOIN, GREET, EVERY, PACKED, NUMBER, operation("Nothing", Direction.CLIENT_TO_SERVER, Empty), ASK)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    lacking = browsers.missing()
    if lacking is not None:
        pytest.skip(lacking)
    with browsers.started() as browser:
        yield browser


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def gateway(handler: Handler) -> Iterator[RunningGateway]:
    with local_gateway(handler, settings=GatewaySettings(console=True)) as running:
        yield running


@pytest.fixture
def page(chromium: Browser, gateway: RunningGateway) -> Generator[Browser]:
    """Open the console, and check at the end that the browser has logged no errors."""
    chromium.resize(1280, 800)
    chromium.open(str(gateway.gateway.console_url))
    chromium.until_text("#live", "Live")
    yield chromium
    complaints = chromium.complaints()
    chromium.open("about:blank")
    assert complaints == []


def last_line(page: Browser, words: str) -> Any:
    """Wait for a line of the activity with certain words."""
    return page.until(
        lambda: next((item for item in reversed(page.all("#activity li")) if words in item.text), None),
        f"nothing in the activity says {words!r}",
    )


def connect_from_page(page: Browser, gateway: RunningGateway) -> str:
    page.find("#client button").click()
    page.until(lambda: gateway.connection_ids)
    page.until_text("#connections", gateway.connection_ids[-1])
    return gateway.connection_ids[-1]


def write_json(page: Browser, text: str) -> None:
    page.find("#json").clear()
    page.find("#json").send_keys(text)


def sent(page: Browser) -> Any:
    """Return the message that the page would send."""
    return json.loads(str(page.find("#json").get_property("value")))


# Activity


def test_a_client_and_its_frames_are_shown_decoded_by_the_contract(page: Browser, gateway: RunningGateway) -> None:
    client = gateway.connect(headers={"User-Agent": "teapot/1"})
    page.until_text("#connections", client.connection_id)
    page.until_text("#connections", "teapot/1")
    client.send(JOIN, LEAF(leaf_name="lobby", count=2**60))
    line = last_line(page, '{"leafName":"lobby","count":"1152921504606846976"}')
    assert "from client" in line.text
    assert "Join" in line.text
    last_line(page, "Join returned 200")
    page.until_text("#connections", "1 in · 0 out")
    client.send(PACKED, LEAF(leaf_name="x"))
    last_line(page, 'Packed {"leafName":"x"}').click()
    page.until_text("#activity details[open]", "BINARY frame")
    page.until_text("#activity details[open]", "route $default")


def test_what_is_no_frame_is_shown_as_it_is_with_the_reason(page: Browser, gateway: RunningGateway) -> None:
    client = gateway.connect()
    client.send_text("hello?")
    assert "neither JSON" in last_line(page, "hello?").text
    client.send_text('{"route":"Join","payload":{"leafName":5}}')
    assert "not decoded" in last_line(page, "the payload is not a wire.v1.Leaf").text


def test_script_in_a_frame_is_shown_and_never_run(page: Browser, gateway: RunningGateway) -> None:
    hostile = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
    client = gateway.connect(headers={"User-Agent": hostile})
    client.send_text(hostile)
    client.send(JOIN, LEAF(leaf_name=hostile))
    last_line(page, "from client").click()
    page.until_text("#activity details[open] pre", hostile.split('"')[0])
    assert hostile in last_line(page, "not decoded").text
    page.until_text("#connections", "onerror")
    assert page.all("main img, main script") == []
    assert page.driver.title == "Pushwire console"


def test_the_page_comes_back_when_the_gateway_does(page: Browser, gateway: RunningGateway, handler: Handler) -> None:
    port = gateway.gateway.port
    gateway.connect().send(JOIN, LEAF(leaf_name="before"))
    last_line(page, "before")
    gateway.gateway.loop.call_soon_threadsafe(lambda: gateway.gateway.spawn(_stop(gateway)))
    page.until_text("#live", "Waiting for the gateway")
    with local_gateway(handler, settings=GatewaySettings(console=True, port=port)) as again:
        page.until_text("#live", "Live")
        page.until(lambda: page.all("#activity li") == [])
        again.connect().send(JOIN, LEAF(leaf_name="after"))
        last_line(page, "after")
        page.complaints()  # of other requests


async def _stop(gateway: RunningGateway) -> None:
    await gateway.gateway._listener.stop()


def test_lines_can_be_filtered_and_cleared(page: Browser, gateway: RunningGateway) -> None:
    first, second = gateway.connect(), gateway.connect()
    first.send(JOIN, LEAF(leaf_name="first"))
    second.send(JOIN, LEAF(leaf_name="second"))
    last_line(page, "first"), last_line(page, "second")
    page.find("#show-events").click()
    assert all("Join" in item.text for item in page.all("#activity li") if item.is_displayed())
    page.find("#show-chosen").click()
    page.find(f'input[value="{second.connection_id}"]').click()
    assert [item.text.count("second") for item in page.all("#activity li") if item.is_displayed()] == [1]
    page.find("#clear").click()
    assert not page.all("#activity li")
    assert page.find("#no-activity").is_displayed()


# Sending


def test_a_message_is_sent_as_client_and_as_server_by_keyboard_alone(
    page: Browser, gateway: RunningGateway, handler: Handler
) -> None:
    client = gateway.connect()
    handler.next("CONNECT")
    page.until_text("#connections", client.connection_id)
    page.tab_to("#operation")
    page.press("J")  # Join
    page.press(Keys.TAB, "lobby", Keys.TAB, "12", Keys.ENTER)
    page.until_text("#compose-said", "Sent as")
    event = handler.next("MESSAGE")
    assert event["requestContext"]["connectionId"] == client.connection_id
    assert json.loads(event["body"]) == {"route": "Join", "payload": {"leafName": "lobby", "count": "12"}}
    page.press(Keys.SHIFT, Keys.TAB, Keys.TAB, Keys.SHIFT)
    page.tab_to("#operation")
    page.press("G")  # Greet
    page.press(Keys.TAB, "Hello!")
    page.tab_to("#send-as-server")
    page.press(Keys.SPACE)
    assert client.receive(GREET) == LEAF(leaf_name="Hello!")
    page.until_text("#connections", "1 in · 1 out")


def test_a_binary_operation_is_sent_in_its_own_format(page: Browser, gateway: RunningGateway, handler: Handler) -> None:
    client = gateway.connect()
    page.choose("#operation", "Packed")
    page.find("#message input").send_keys("x")
    page.find("#send-as-server").click()
    assert client.receive(PACKED) == LEAF(leaf_name="x")
    page.find("#send-as-client").click()
    handler.next("CONNECT")
    assert not handler.next("MESSAGE")["body"].startswith("{")


def test_a_message_can_be_one_value_or_have_no_fields(page: Browser, gateway: RunningGateway, handler: Handler) -> None:
    client = gateway.connect()
    handler.next("CONNECT")
    page.until_text("#connections", client.connection_id)
    page.choose("#operation", "Number")
    page.find("#message input").clear()
    page.find("#message input").send_keys("9223372036854775807")
    page.find("#send-as-server").click()
    assert client.receive(NUMBER) == Int64Value(value=2**63 - 1)
    page.choose("#operation", "Nothing")
    assert "no fields" in page.find("#message").text
    page.find("#send-as-client").click()
    assert handler.next("MESSAGE")["body"] == '{"route":"Nothing","payload":{}}'


def test_any_text_can_be_sent_either_way(page: Browser, gateway: RunningGateway, handler: Handler) -> None:
    client = gateway.connect()
    page.choose("#operation", "Any text")
    write_json(page, "anything at all")
    page.find("#send-as-server").click()
    assert client.receive_text() == "anything at all"
    page.find("#send-as-client").click()
    handler.next("CONNECT")
    assert handler.next("MESSAGE")["body"] == "anything at all"


def test_what_is_no_message_is_not_sent_and_the_reason_is_shown(page: Browser, gateway: RunningGateway) -> None:
    gateway.connect()
    page.find("#connections input")
    write_json(page, '{"count": "many"}')
    page.find("#send-as-client").click()
    page.until_text("#compose-said", "the payload is not a wire.v1.Leaf: count: ")
    write_json(page, '{"count": ')
    page.until_text("#json-said", "Invalid JSON")
    assert page.find("#message").get_property("disabled")
    page.find("#send-as-client").click()
    page.until_text("#compose-said", "JSON")
    assert "from client" not in page.find("#activity").text


def test_nothing_is_sent_while_no_connection_is_chosen(page: Browser) -> None:
    page.find("#send-as-client").click()
    page.until_text("#compose-said", "Select a connection first")
    assert not page.find("#disconnect").is_enabled()


# Forms


def field(page: Browser, name: str) -> Any:
    """Return the control with a label."""
    labels = "[...document.querySelectorAll('#message label')]"
    found = page.run(f"return {labels}.find((label) => label.firstChild.data === arguments[0])?.control", name)
    assert found is not None, f"there is no field {name}"
    return found


def press(page: Browser, label: str) -> None:
    page.find(f'#message button[aria-label="{label}"]').click()


def test_a_form_writes_every_kind_of_field(page: Browser) -> None:
    page.choose("#operation", "Everything")
    field(page, "aString").send_keys("text")
    field(page, "anInt32").send_keys("-5")
    field(page, "anInt64").send_keys("9223372036854775807")
    field(page, "aDouble").send_keys("1.5")
    field(page, "aFloat").send_keys("NaN")
    field(page, "someBytes").send_keys("QUI=")
    field(page, "timestamp").send_keys("2026-01-31T12:00:00Z")
    page.choose(f"#{field(page, 'aBool').get_attribute('id')}", "true")
    page.choose(f"#{field(page, 'aColour').get_attribute('id')}", "COLOUR_BLUE")
    field(page, "value").send_keys('{"any": [1]}')
    press(page, "Set aLeaf")
    page.press("leaf")
    press(page, "Add to numbers")
    page.press("7")
    press(page, "Add to numbers")
    press(page, "Add to counts")
    page.press("key", Keys.TAB)
    page.find('#message input[aria-label="Value 1 of counts"]').send_keys("1")
    press(page, "Add to leaves")
    page.press("first")
    page.choose('#message > .group > select[aria-label^="One of chosenText"]', "chosenLeaf")
    assert sent(page) == {
        "aString": "text",
        "anInt32": -5,
        "anInt64": "9223372036854775807",
        "aDouble": 1.5,
        "aFloat": "NaN",
        "someBytes": "QUI=",
        "timestamp": "2026-01-31T12:00:00Z",
        "aBool": True,
        "aColour": "COLOUR_BLUE",
        "value": {"any": [1]},
        "aLeaf": {"leafName": "leaf"},
        "numbers": ["7", "0"],
        "counts": {"key": 1},
        "leaves": [{"leafName": "first"}],
        "chosenLeaf": {},
    }


def test_form_and_json_stay_in_step(page: Browser, gateway: RunningGateway) -> None:
    client = gateway.connect()
    page.choose("#operation", "Everything")
    message = {"aString": "x", "nested": {"numbers": ["1", "2"]}, "chosenText": "t", "newer": [1], "counts": {"a": 1}}
    write_json(page, json.dumps(message))
    assert field(page, "aString").get_property("value") == "x"
    assert page.find('#message input[aria-label="numbers 2"]').get_property("value") == "2"
    assert field(page, "chosenText").get_property("value") == "t"
    field(page, "aString").send_keys("y")
    press(page, "Remove numbers 1")
    press(page, "Remove entry 1 of counts")
    page.choose('#message > .group > select[aria-label^="One of chosenText"]', "none")
    assert sent(page) == {"aString": "xy", "nested": {"numbers": ["2"]}, "newer": [1]}
    press(page, "Unset nested")
    field(page, "aString").clear()
    field(page, "aString").send_keys("z")
    assert sent(page) == {"aString": "z", "newer": [1]}
    page.choose("#operation", "Join")
    page.choose("#operation", "Everything")
    assert sent(page) == {"aString": "z", "newer": [1]}
    page.find("#send-as-server").click()
    assert client.receive(EVERY) == EVERYTHING(a_string="z")


def test_a_value_that_does_not_fit_its_field_is_marked(page: Browser) -> None:
    page.choose("#operation", "Everything")
    examples = [("anInt32", "2147483648", "2147483647"), ("duration", "5", "5s"), ("someBytes", "a", "aa")]
    for name, wrong, right in examples:
        field(page, name).send_keys(wrong)
        assert field(page, name).get_attribute("aria-invalid") == "true"
        field(page, name).clear()
        field(page, name).send_keys(right)
        assert field(page, name).get_attribute("aria-invalid") == "false"


# Clients, faults and disconnects


def test_the_page_connects_clients_of_its_own(page: Browser, gateway: RunningGateway, handler: Handler) -> None:
    page.find("#client-query").send_keys("user=ada")
    connection_id = connect_from_page(page, gateway)
    assert handler.next("CONNECT")["queryStringParameters"] == {"user": "ada"}
    page.until_text("#clients", "open")
    assert page.find(f'input[value="{connection_id}"]').is_selected()
    page.choose("#operation", "Greet")
    page.find("#send-as-server").click()
    page.until_text("#clients", "1 received")
    page.find("#clients button").click()
    page.until_text("#clients", "closed 1000")
    handler.next("DISCONNECT")
    page.until_text("#no-connections", "No client")
    assert "1000" in last_line(page, "ended").text
    page.find("#clients button").click()
    assert not page.all("#clients li")


def test_a_client_is_disconnected_and_another_cut(page: Browser, gateway: RunningGateway) -> None:
    connect_from_page(page, gateway)
    page.find("#disconnect").click()
    page.until_text("#clients", "closed 1000, Connection Closed Normally")
    page.until_text("#connections-said", "is disconnected")
    client = gateway.connect()
    page.until_text("#connections", client.connection_id)
    page.find("#drop").click()
    assert client.wait_closed().code == 1006
    last_line(page, "1006 Connection closed abnormally")


def test_a_fault_is_injected_and_removed(page: Browser, gateway: RunningGateway) -> None:
    client: GatewayClient = gateway.connect()
    page.until_text("#connections", client.connection_id)
    page.find("#new-fault summary").click()
    status = page.find('#fault-numbers input[name="status"]')
    status.clear()
    status.send_keys("410", Keys.ENTER)
    page.until_text("#faults", "AnswerWith(status=410)")
    page.choose("#operation", "Greet")
    page.find("#send-as-server").click()
    page.until_text("#compose-said", "410 GoneException")
    last_line(page, "POST @connections: 410")
    page.until_text("#faults", "applied once")
    page.find("#faults button").click()
    page.until(lambda: not page.all("#faults li"))
    page.find("#send-as-server").click()
    assert client.receive(GREET) == LEAF()
    page.choose("#fault-kind", "Delay")
    page.find("#fault-times").send_keys("0", Keys.ENTER)
    page.until_text("#faults-said", "times= must be at least 1")


# Requests


def test_a_request_and_its_reply_show_the_time_between(page: Browser, gateway: RunningGateway) -> None:
    client = gateway.connect()
    page.until_text("#connections", client.connection_id)
    client.send_text(encode(ASK, LEAF(leaf_name="question"), id="7").decode())
    assert last_line(page, "question").text.count("request") == 1
    with HttpTransport(gateway.callback_url) as transport:
        transport.post(client.connection_id, encode(ASK.reply, LEAF(leaf_name="answer"), reply_to="7"))
    assert "answer" in last_line(page, "ms after its request").text
    assert "question" in last_line(page, "replied after").text


def test_a_request_from_the_form_gets_an_id(page: Browser, gateway: RunningGateway, handler: Handler) -> None:
    connect_from_page(page, gateway)
    handler.next("CONNECT")
    page.choose("#operation", "Ask")
    write_json(page, '{"leafName":"form"}')
    page.find("#send-as-client").click()
    last_line(page, "form")
    assert json.loads(handler.next("MESSAGE")["body"]) == {
        "route": "Ask",
        "id": "console-1",
        "payload": {"leafName": "form"},
    }


# Accessibility


def test_every_control_has_a_name(page: Browser, gateway: RunningGateway) -> None:
    connect_from_page(page, gateway)
    page.choose("#operation", "Everything")
    write_json(page, '{"counts":{"a":1},"leaves":[{}],"numbers":["1"],"aLeaf":{},"chosenText":"x"}')
    page.find("#new-fault summary").click()
    names = page.names()
    assert len(names) > 80
    assert [role for role, name in names if not name.strip()] == []


@pytest.mark.parametrize("width", [400, 800, 1280])
def test_it_fits_any_width_and_shows_where_the_focus_is(page: Browser, gateway: RunningGateway, width: int) -> None:
    page.resize(width, 800)
    gateway.connect().send(JOIN, LEAF(leaf_name="word " * 100 + "w" * 1_000))
    last_line(page, "Join")
    page.choose("#operation", "Everything")
    assert page.run("return document.documentElement.scrollWidth") <= width
    page.tab_to("#send-as-client")
    assert page.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.fixture(scope="session")
def axe(made_once: MakeOnce) -> str:
    """Return the source of axe-core."""
    install = npm()
    if install is None:
        pytest.skip("npm is not installed")

    def fill(folder: Path) -> None:
        done = subprocess.run([*install, "install", "--no-audit", "--no-fund", AXE], cwd=folder, check=False)
        if done.returncode != 0:
            pytest.skip(f"{AXE} cannot be installed")

    return (made_once("axe", fill) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.at_length
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_axe_finds_nothing(page: Browser, gateway: RunningGateway, axe: str, width: int, scheme: str) -> None:
    page.resize(width, 800, scheme)
    connect_from_page(page, gateway)
    gateway.connect().send(JOIN, LEAF(leaf_name="word " * 100))
    last_line(page, "Join").click()
    page.choose("#operation", "Everything")
    write_json(page, '{"counts":{"a":1},"leaves":[{}],"numbers":["1"],"aLeaf":{},"chosenText":"x"}')
    page.find("#new-fault summary").click()
    page.run(axe)
    found = page.driver.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    assert len(found["passes"]) > 20
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]] == []


def test_it_is_dark_where_that_is_preferred(page: Browser) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page.resize(1280, 800, scheme)
        grounds.append(page.run("return getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(244, 245, 248)", "rgb(18, 21, 27)"]


def test_nothing_is_loaded_from_elsewhere(page: Browser, gateway: RunningGateway) -> None:
    loaded = page.run("return performance.getEntriesByType('resource').map((each) => each.name)")
    assert len(loaded) > 10
    assert all(url.startswith(str(gateway.gateway.console_url)) for url in loaded)
