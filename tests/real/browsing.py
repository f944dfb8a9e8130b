"""A browser that looks at the status page: Chromium without a screen, driven as its user does."""

from __future__ import annotations

import json
import os
import shutil
import socket
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from real.server import wait_for

# What a page may not do is told to the page itself, too.
_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
"""
_OPTIONS = [
    "--headless=new",
    "--no-sandbox",  # root has none, and the page is our own
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--force-device-scale-factor=1",
    "--disable-lcd-text",  # screenshots are smaller
    "--lang=en",
]


def programs() -> tuple[str, str] | None:
    """Return the paths of the browser and of its driver; None if they are not here."""
    found = shutil.which("chromium"), shutil.which("chromedriver")
    return (found[0], found[1]) if found[0] and found[1] else None


class Browser:
    """One window. Arguments: width and height, in px."""

    def __init__(self, width: int = 1280, height: int = 900) -> None:
        there = programs()
        assert there, "apt-get install chromium chromium-driver"
        options = webdriver.ChromeOptions()
        for each in (*_OPTIONS, f"--window-size={width},{height}"):
            options.add_argument(each)
        options.binary_location = there[0]
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(there[1], env={**os.environ}))
        self.command("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
        self.set_scheme("light")

    def close(self) -> None:
        """End it."""
        self.driver.quit()

    def command(self, name: str, **parameters: Any) -> Any:
        """Have its DevTools do something."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def set_scheme(self, scheme: str) -> None:
        """Have the user prefer "light" or "dark"."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", features=features)

    def set_size(self, width: int, height: int, mobile: bool = False) -> None:
        """Have it a screen of that size, in px."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )

    def open(self, address: str) -> None:
        """Go to an address, as for the first time, when it is served; wait for what the server says."""
        self.driver.get("about:blank")
        wait_for(f"{address} served", lambda: _is_served(address))
        self.driver.get(address)
        self.wait_for_text("#counts", " up", 60)

    def run(self, script: str, *arguments: object) -> Any:
        """Return what a script of the page returns."""
        return self.driver.execute_script(script, *arguments)

    # --- what is seen --------------------------------------------------------------------------------------

    def find(self, css: str) -> WebElement:
        """Return the first element that a selector finds."""
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        """Return the texts that one sees of all elements that a selector finds."""
        seen = "each.checkVisibility() ? each.innerText.trim() : ''"  # what is hidden has a text, too
        script = f"return [...document.querySelectorAll(arguments[0])].map((each) => {seen})"
        found: list[str] = self.run(script, css)
        return found

    def text(self, css: str) -> str:
        """Return the text that one sees of the first element that a selector finds, "" for none."""
        found = self.texts(css)
        return found[0] if found else ""

    def wait_for_text(self, css: str, part: str, seconds: float = 10) -> str:
        """Wait until an element's text has a part; return it."""
        return wait_for(
            f"{part!r} in {css}",
            lambda: next((text for text in self.texts(css) if part in text), ""),
            seconds,
        )

    def order(self) -> list[str]:
        """Return the destinations in the order in which they are shown."""
        return self.texts("tr.row .destination button")

    def shown(self, uri: str, part: str) -> str:
        """Return the text of a part of a destination's row, "" if there is none."""
        return self.text(f"{row(uri)} .{part}")

    @property
    def title(self) -> str:
        return str(self.driver.title)

    @property
    def focus(self) -> str:
        """The accessible name of what has the focus."""
        script = "const on = document.activeElement; return on.ariaLabel || on.innerText || on.name || on.id"
        return str(self.run(script)).strip()

    def names(self) -> list[tuple[str, str]]:
        """Return role and name of each control, as a screen reader is told."""
        nodes = self.command("Accessibility.getFullAXTree")["nodes"]
        roles = {
            "button",
            "textbox",
            "searchbox",
            "combobox",
            "link",
            "dialog",
            "table",
            "img",
            "DisclosureTriangle",
        }
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node.get("ignored") and node.get("role", {}).get("value") in roles
        ]

    def complaints(self) -> list[str]:
        """Return what its console and the page's own policy complain of, since it was asked last."""
        told = [
            each["message"]
            for each in self.driver.execute("getLog", {"type": "browser"})["value"]
            if each["level"] != "INFO"
        ]
        violations: list[str] = self.run("return window.violations ?? []")
        return told + violations

    # --- what is done --------------------------------------------------------------------------------------

    def click(self, css: str) -> None:
        """Click on the first element that a selector finds."""
        self.find(css).click()

    def act(self, uri: str, action: str) -> None:
        """Click on a button of a destination's row."""
        self.click(f"{row(uri)} [data-action={action}]")
        wait_for("the dialog", lambda: self.text("#order-title"))

    def type(self, *keys: str) -> None:
        """Type keys, wherever the focus is."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def fill(self, name: str, text: str) -> None:
        """Have a field of the dialog of orders say something else."""
        field = self.find(f"#order [name={name}]")
        field.clear()
        field.send_keys(text)


def _is_served(address: str) -> bool:
    """Say whether somebody answers there."""
    host, port = address.split("/")[2].split(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) == 0


def row(uri: str) -> str:
    """Return the selector of a destination's row."""
    return f"tr.row[data-key={json.dumps(uri)}]"


__all__ = ["Browser", "Keys", "programs", "row"]
