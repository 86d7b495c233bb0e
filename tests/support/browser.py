"""A real browser: Chromium without a window, driven by Selenium."""

import contextlib
import shutil
from collections.abc import Callable, Generator
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

__all__ = ["Browser", "Keys", "missing", "started"]

SECONDS = 10.0
_FLAGS = """
--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage --lang=en-GB
"""


def missing() -> str | None:
    """What has to be installed first, or `None` if a browser can be started."""
    names = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"not installed: {' and '.join(names)} (Debian: chromium, chromium-driver)" if names else None


class Browser:
    """One tab. What is asked for may take a moment to be there."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self._wait: WebDriverWait[webdriver.Chrome] = WebDriverWait(driver, SECONDS, poll_frequency=0.02)

    def resize(self, width: int, height: int, scheme: str = "light") -> None:
        """Have a viewport of this size, and prefer a colour scheme."""
        self._command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        self._command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url: str) -> None:
        self.driver.get(url)

    def find(self, selector: str) -> WebElement:
        found: WebElement = self._wait.until(lambda driver: driver.find_element(By.CSS_SELECTOR, selector))
        return found

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        """Wait until something is true, and return it."""
        return self._wait.until(lambda _: condition(), what)

    def until_text(self, selector: str, text: str) -> None:
        """Wait until an element's text holds another."""
        self.until(lambda: text in self.find(selector).text, f"{selector} never said {text!r}")

    def choose(self, selector: str, text: str) -> None:
        """Choose an option by its text."""
        Select(self.find(selector)).select_by_visible_text(text)

    def press(self, *keys: str) -> None:
        """Type on the keyboard, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, selector: str) -> None:
        """Press Tab until an element has the focus."""
        wanted = self.find(selector)
        for _ in range(100):
            if self.driver.switch_to.active_element == wanted:
                return
            self.press(Keys.TAB)
        raise AssertionError(f"Tab never reaches {selector}")

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page, and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def complaints(self) -> list[str]:
        """Return the messages of the browser's console since the last call: errors, refused files, broken rules."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def names(self) -> list[tuple[str, str]]:
        """Return the role and the name of each control in the accessibility tree."""
        nodes = self._command("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if any(prop["name"] == "focusable" for prop in node.get("properties", ()))
            and node["role"]["value"] != "RootWebArea"
        ]

    def screenshot(self) -> bytes:
        """A picture of the viewport, as PNG."""
        return self.driver.get_screenshot_as_png()

    def _command(self, name: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.driver.execute_cdp_cmd(name, parameters)
        return answer


@contextlib.contextmanager
def started() -> Generator[Browser]:
    """A browser, for as long as the block runs."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in _FLAGS.split():
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
