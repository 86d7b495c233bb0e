"""The documentation site: it builds without a warning, names everything public, and a browser finds its way in it."""

import functools
import html.parser
import http.server
import importlib
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from tests.support import browser as browsers
from tests.support.made_once import MakeOnce

pytestmark = [pytest.mark.repository, pytest.mark.at_length]  # the site is the same for every Python

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
PACKAGES = sorted(
    line.split()[1]
    for page in (ROOT / "docs/api").glob("*.md")
    for line in page.read_text().splitlines()
    if "::: " in line
)

# The site's search is a component with a shadow tree of its own, which has the focus while it is open.
SEARCH_BOX = "document.activeElement.shadowRoot?.activeElement ?? undefined"
RESULTS = "[...(document.activeElement.shadowRoot?.querySelectorAll('a') ?? [])].map((link) => link.href)"


class Page(html.parser.HTMLParser):
    """The link targets and the anchors of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors.update(value for name, value in values.items() if name in ("id", "name"))
        self.links.extend(value for name, value in values.items() if name in ("href", "src"))


@pytest.fixture(scope="module")
def pages(made_once: MakeOnce) -> dict[Path, Page]:
    def build(_folder: Path) -> None:
        built = subprocess.run([ROOT / "scripts" / "docs"], capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stdout + built.stderr
        assert "No issues found" in built.stdout + built.stderr

    made_once("site", build)
    return {path: Page(path) for path in SITE.rglob("*.html") if path.name != "404.html"}


def test_every_internal_link_leads_to_a_page_and_to_an_anchor_of_it(pages: dict[Path, Page]) -> None:
    followed, broken = 0, []
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:|//", link):
                continue
            target, anchor = urldefrag(unquote(link))
            file = (path.parent / target).resolve() if target else path
            file = file / "index.html" if file.is_dir() else file
            if not file.is_file() or (anchor and file in pages and anchor not in pages[file].anchors):
                broken.append(f"{path.relative_to(SITE)}: {link}")
            followed += 1
    assert broken == []
    assert followed > 1000


@pytest.mark.parametrize("package", [name for name in PACKAGES if name != "pushwire.cdk"])
def test_every_public_name_is_in_the_api_reference(pages: dict[Path, Page], package: str) -> None:
    page = pages[SITE / "api" / package.removeprefix("pushwire.") / "index.html"]
    public = set(importlib.import_module(package).__all__) - {"__version__"}
    assert {name for name in public if f"{package}.{name}" not in page.anchors} == set()


@pytest.fixture
def address(pages: dict[Path, Page]) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        pass


@pytest.mark.skipif(browsers.missing() is not None, reason=str(browsers.missing()))
def test_navigation_and_search_work_in_a_browser(address: str) -> None:
    with browsers.started() as browser:
        browser.resize(1400, 1000)
        browser.open(address)
        browser.until_text("h1", "Pushwire")
        browser.run("""document.querySelector(".md-nav a[href*='sending']").click()""")
        browser.until_text("h1", "Sending")
        browser.find(".md-search__button").click()
        browser.until(lambda: browser.run(f"return {SEARCH_BOX} !== undefined"), "no search box has the focus")
        browser.press("HttpTransport")
        browser.until(
            lambda: any("/api/transport/" in link for link in browser.run(f"return {RESULTS}")),
            "the search did not find HttpTransport in the API reference",
        )
        assert browser.complaints() == []
