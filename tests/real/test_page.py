"""The status page of a real server, in a real browser: what its user sees, and what he does with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import Gateway
from real.browsing import Browser, Keys, programs, row
from real.conftest import DEFAULTS
from real.server import Kamailio, Launch, free_port, wait_for
from real.test_pings import DOWN, UP

TOKEN = "a-token-of-this-test"
HOSTILE = 'Busy <img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
ASKED = "performance.getEntriesByType('resource').filter((each) => each.name.endsWith('RPC'))"


class Watched:
    """A server whose page is looked at, and its gateways, all in one group.

    Arguments: kind, of the server; port, of its HTTP; folder, for the token and the list; gateways.
    """

    def __init__(self, kind: str, port: int, folder: Path, gateways: list[Gateway]) -> None:
        token, listed = folder / "token", folder / "list"
        token.write_text(TOKEN)
        token.chmod(0o600)
        listed.write_text("".join(f"{each.uri} group=carriers\n" for each in gateways))
        self.address = f"http://127.0.0.1:{port}/"
        self.gateways = gateways
        defines = {
            **DEFAULTS,
            "KEEPALIVE_PING_JITTER": 0,
            "KEEPALIVE_HTTP": f"127.0.0.1:{port}",
            "KEEPALIVE_HTTP_TOKEN_FILE": token,
            "KEEPALIVE_LIST_FILE": listed,
        }
        self.server = Kamailio(kind, "scenario.cfg", defines, Launch(share=folder))

    @property
    def uris(self) -> list[str]:
        return [each.uri for each in self.gateways]

    def settle(self) -> None:
        """Have all gateways answer, and all of them ready and up."""
        for each in self.gateways:
            each.silent, each.code, each.reason = False, 200, ""
            self.server.call("set_admin", each.uri, "ready")
        for each in self.gateways:
            self.server.wait_for_state(each.uri, UP)

    def stop(self) -> None:
        """End the server, if that was not done before."""
        if not self.server.folder.exists():
            return
        self.server.stop()
        print(self.server.log)
        self.server.forget()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    if not programs():
        assert not os.environ.get("KEEPALIVE_SERVERS"), "apt-get install chromium chromium-driver"
        pytest.skip("there is no Chromium here: apt-get install chromium chromium-driver")
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def watched(
    checked_kind: str, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    """One server for all tests, with five gateways."""
    gateways = [Gateway() for _ in range(5)]
    running = Watched(checked_kind, free_port(), tmp_path_factory.mktemp("page"), gateways)
    yield running
    running.stop()
    for each in gateways:
        each.close()


@pytest.fixture
def browser(chromium: Browser, watched: Watched) -> Iterator[Browser]:
    """The browser, on the page while all is well; when a test is over it complains of nothing."""
    watched.settle()
    chromium.open(watched.address)
    chromium.wait_for_text("#counts", "5 up")
    chromium.complaints()
    yield chromium
    print(chromium.text("body"))
    assert chromium.complaints() == []
    assert chromium.run("return window.hacked") is None


def with_token(browser: Browser) -> None:
    """Let this tab know the token, as if it had been asked for it."""
    browser.run(
        'sessionStorage["keepalive-token"] = arguments[0]; sessionStorage["keepalive-name"] = "anna"', TOKEN
    )


def test_an_address_with_a_password(browser: Browser, watched: Watched) -> None:
    """As of a bookmark for a proxy that asks for one: the page is filled all the same."""
    browser.driver.get("about:blank")
    browser.driver.get(watched.address.replace("//", "//anna:secret@"))
    browser.wait_for_text("#counts", "5 up")


def test_what_fails_is_on_top(browser: Browser, watched: Watched) -> None:
    """With since when and why, whatever the reason phrase is made of; title, counts and groups say it too."""
    failing, ordered, *_, last = watched.uris
    watched.gateways[0].reason, watched.gateways[0].code = HOSTILE, 503
    watched.server.call("set_admin", ordered, "maint", 3600, "berta", "<b>card</b> swap")
    browser.wait_for_text("#counts", "1 down")
    browser.open(watched.address)
    assert browser.order()[:2] == [failing, ordered]
    assert browser.shown(failing, "state") == "▼ down"
    assert "503 Busy <img src=x onerror=" in browser.shown(failing, "why")
    assert browser.shown(failing, "group") == "carriers"
    assert browser.shown(failing, "since").endswith(" s")
    assert browser.shown(ordered, "state").startswith("✕ maint")
    assert browser.shown(ordered, "why").startswith("berta: <b>card</b> swap, until ")
    assert browser.shown(last, "state") == "● up"
    assert browser.shown(last, "why").startswith("200 ")
    assert float(browser.shown(last, "latency")) < 500
    assert browser.title.startswith("(1 down) KeepAlive @")
    assert browser.texts("#counts button") == ["▼ 1 down", "? 0 unknown", "◐ 0 drain", "✕ 1 maint", "● 3 up"]
    assert browser.text("#groups button") == "carriers ◐ 3 of 5 alive".replace(" ◐", "\n◐")
    drawn = "return document.querySelector(arguments[0]).getAttribute('d')"
    assert browser.run(drawn, f"{row(last)} path.answered").startswith("M")
    assert browser.find(f"{row(last)} svg").get_attribute("aria-label").startswith("last ")
    browser.wait_for_text("#changes", f"{failing} up → down: ")


def test_rows_keep_their_places(browser: Browser, watched: Watched) -> None:
    """What goes down is told of in its place, and announced; it is sorted in when one asks."""
    before = browser.order()
    failing = before[-1]
    tops = "return [...document.querySelectorAll('tr.row')].map((each) => each.getBoundingClientRect().top)"
    places = browser.run(tops)
    next(each for each in watched.gateways if each.uri == failing).silent = True
    browser.wait_for_text(f"{row(failing)} .state", "down")
    browser.wait_for_text("#trouble", "1 more down: show", 3)
    assert browser.order() == before
    assert browser.run(tops) == places, "nothing moved"
    browser.wait_for_text("#spoken", f"{failing} up → down")
    browser.click("#trouble button")
    wait_for("the new order", lambda: browser.order() == [failing, *before[:-1]])
    assert browser.text("#trouble") == ""
    assert browser.focus == failing
    next(each for each in watched.gateways if each.uri == failing).silent = False
    browser.wait_for_text(f"{row(failing)} .state", "● up")
    assert browser.order()[0] == failing, "it stays there, too"


def test_taken_out_and_put_back(browser: Browser, watched: Watched) -> None:
    """Nothing happens before it is confirmed, with the token, a time and a reason; all see who did it."""
    uri = watched.uris[2]
    browser.run("sessionStorage.clear()")
    browser.act(uri, "drain")
    browser.click("#order-go")
    assert browser.find("#order").is_displayed(), "a time and a reason are needed"
    browser.fill("duration", "soon")
    browser.fill("why", "card swap")
    browser.click("#order-go")
    assert browser.find("#order [name=duration]").get_property("validationMessage").startswith("as 30m")
    browser.fill("duration", "1h30m")
    assert browser.text("#order-until").startswith("until ")
    browser.click("#order-go")
    browser.wait_for_text("#order-answer", "needs the token")
    browser.fill("name", "ánna")
    browser.fill("token", "another")
    browser.click("#order-go")
    browser.wait_for_text("#order-answer", "this is not the token")
    assert watched.server.call("info", uri)["admin"]["mode"] == "ready"
    browser.fill("token", TOKEN)
    browser.click("#order-go")
    browser.wait_for_text("#result", f"{uri} ready → drain until ")
    admin = watched.server.call("info", uri)["admin"]
    assert (admin["mode"], admin["by"], admin["why"]) == ("drain", "ánna", "card swap")
    browser.wait_for_text(f"{row(uri)} .state", "◐ drain")
    assert browser.shown(uri, "why").startswith("ánna: card swap, until ")
    browser.wait_for_text("#orders summary", "card swap")
    browser.act(uri, "maint")
    browser.click("#order-durations button:last-child")
    browser.fill("why", "dead")
    browser.click("#order-go")
    browser.wait_for_text("#result", "→ maint")
    browser.wait_for_text(f"{row(uri)} .why", "until it is set ready")
    browser.act(uri, "ready")
    browser.click("#order-go")
    browser.wait_for_text("#result", "→ ready")
    browser.wait_for_text(f"{row(uri)} .state", "● up")
    assert all("401 (Unauthorized)" in each for each in browser.complaints())


def test_a_refusal_is_shown_as_it_is(browser: Browser, watched: Watched) -> None:
    """The module's own sentence, in the dialog; nothing has changed."""
    uri = watched.uris[1]
    with_token(browser)
    browser.act(uri, "maint")
    browser.fill("duration", "9999d")
    browser.fill("why", "never")
    browser.click("#order-go")
    sentence = browser.wait_for_text("#order-answer", "until")
    assert "315360000" in sentence
    browser.click("#order-cancel")
    assert watched.server.call("info", uri)["admin"]["mode"] == "ready"


def test_a_ping_is_shown_word_for_word(browser: Browser, watched: Watched) -> None:
    """One ping leaves, and what came back is shown, as text."""
    gateway = watched.gateways[3]
    gateway.reason = HOSTILE
    with_token(browser)
    browser.act(gateway.uri, "ping")
    assert not browser.text("#order-answer")
    browser.click("#order-go")
    browser.wait_for_text("#order-answer", "● alive: 200 ")
    browser.run("for (const each of document.querySelectorAll('#order-messages details')) each.open = true")
    request, reply = browser.texts("#order-messages pre")
    assert request.startswith(f"OPTIONS {gateway.uri} SIP/2.0")
    assert reply.startswith("SIP/2.0 200 Busy <img src=x")
    browser.click("#order-cancel")
    assert not browser.find("#order").is_displayed()


def test_with_the_keyboard_alone(browser: Browser, watched: Watched) -> None:
    """Search, walk, open, order; the focus stays where it is while the page refreshes."""
    uri = browser.order()[1]
    with_token(browser)
    browser.type("/", uri)
    wait_for("what was searched for", lambda: browser.order() == [uri])
    browser.type(Keys.ESCAPE)
    wait_for("all again", lambda: len(browser.order()) == 5)
    browser.run("document.activeElement.blur()")
    browser.type("j", "j")
    assert browser.focus == uri
    browser.type(Keys.ARROW_DOWN, "k", Keys.ENTER)
    browser.wait_for_text("tr.detail .history", "up")
    assert browser.focus == uri
    browser.type("m")
    wait_for("the dialog", lambda: browser.focus == "duration")
    browser.type("2h", Keys.TAB)
    while browser.focus != "why":
        browser.type(Keys.TAB)
    browser.type("by hand", Keys.ENTER)
    browser.wait_for_text("#result", "→ maint")
    browser.wait_for_text(f"{row(uri)} .state", "maint")
    assert browser.focus == uri
    browser.type(Keys.TAB, Keys.TAB, Keys.TAB)
    assert browser.focus == f"ready {uri}"
    browser.type(Keys.ENTER)
    wait_for("the dialog", lambda: browser.focus == "ready")
    browser.type(Keys.ENTER)
    browser.wait_for_text(f"{row(uri)} .state", "● up")
    assert browser.focus == uri, "the button is gone, the destination not"
    browser.type("?")
    wait_for("the keys", lambda: browser.find("#help").is_displayed())
    browser.type(Keys.ESCAPE)
    assert not browser.find("#help").is_displayed()


def test_filters(browser: Browser, watched: Watched) -> None:
    """By state, group and order; they stand in the address, so a reload and a colleague see the same."""
    drained = watched.uris[4]
    watched.server.call("set_admin", drained, "drain", 600, "anna", "x")
    browser.wait_for_text(f"{row(drained)} .state", "drain")
    browser.click("#counts .drain")
    wait_for("who is drained", lambda: browser.order() == [drained])
    assert browser.find("#counts .drain").get_attribute("aria-pressed") == "true"
    browser.driver.refresh()
    wait_for("the same", lambda: browser.order() == [drained])
    browser.click("#counts .drain")
    wait_for("all", lambda: len(browser.order()) == 5)
    browser.run(
        "const by = document.querySelector('[name=sort]');"
        "by.value = 'name'; by.dispatchEvent(new Event('change'))"
    )
    wait_for("another order", lambda: browser.order() == sorted(watched.uris))
    browser.open(f"{watched.address}#group=nobody")
    browser.wait_for_text("#result", "there is no group 'nobody'")
    wait_for("all", lambda: len(browser.order()) == 5)
    browser.click("#groups button")
    wait_for("its group", lambda: browser.find("#query [name=group]").get_attribute("value") == "carriers")
    assert browser.driver.current_url.endswith("#group=carriers")


def test_what_is_known_of_one(browser: Browser, watched: Watched) -> None:
    """A row that is opened has the last ten changes, and goes on while it is open."""
    gateway = watched.gateways[0]
    browser.click(f"{row(gateway.uri)} .destination button")
    known = browser.wait_for_text("tr.detail .known", "owners")
    assert "carriers" in known
    assert not {"undefined", "cluster", "left out"} & {*known.splitlines()}, (
        "there is nothing to say of these"
    )
    assert browser.find(f"{row(gateway.uri)} .destination button").get_attribute("aria-expanded") == "true"
    gateway.code, gateway.reason = 503, HOSTILE
    browser.wait_for_text("tr.detail .history", "up → down: 503 Busy <img")
    for state in (UP, DOWN) * 5:
        watched.server.call(
            "report_success" if state == UP else "report_failure", gateway.uri, "for the test"
        )
    assert 1 < len(browser.texts("tr.detail .history li")) <= 10
    browser.click(f"{row(gateway.uri)} .destination button")
    assert browser.texts("tr.detail") == []


def test_it_polls_without_events(browser: Browser, watched: Watched) -> None:
    """With events it knows at once, and asks each 5 s; without it asks each 2 s."""
    uri = watched.uris[0]
    browser.wait_for_text("#freshness", "live")
    asked = (
        "return performance.getEntriesByType('resource').filter((each) => each.name.endsWith('RPC')).length"
    )
    browser.command("Network.enable")
    browser.command("Network.setBlockedURLs", urls=["*/events"])
    browser.open(watched.address)
    browser.wait_for_text("#freshness", "polling")
    number = browser.run(asked)
    watched.server.call("set_admin", uri, "drain", 600, "anna", "x")
    browser.wait_for_text(f"{row(uri)} .state", "drain", 4)
    assert browser.run(asked) - number <= 3
    browser.command("Network.setBlockedURLs", urls=[])
    assert all("/events" in each for each in browser.complaints())


def test_each_control_has_a_name(browser: Browser, watched: Watched) -> None:
    """A screen reader says what each button, field, picture and dialog is, and for which destination."""
    browser.click(f"{row(watched.uris[0])} .destination button")
    browser.wait_for_text("tr.detail .known", "owners")
    names = browser.names()
    assert ("table", "destinations") in names
    assert ("button", f"drain {watched.uris[0]}") in names
    assert [role for role, name in names if not name] == []
    browser.act(watched.uris[0], "maint")
    names = browser.names()
    assert ("dialog", f"maint {watched.uris[0]}") in names
    assert {("textbox", "for how long"), ("textbox", "why")} <= set(names)
    assert [role for role, name in names if not name] == []
    browser.click("#order-cancel")


def test_on_a_phone(browser: Browser, watched: Watched) -> None:
    """Nothing is beside the screen, and a finger finds the buttons."""
    browser.set_size(390, 844, mobile=True)
    try:
        assert browser.run("return document.documentElement.scrollWidth") <= 390
        button = browser.find(f"{row(watched.uris[0])} [data-action=drain]").rect
        assert button["height"] >= 32
        assert button["x"] + button["width"] <= 390
    finally:
        browser.command("Emulation.clearDeviceMetricsOverride")


@pytest.mark.parametrize("number", [1000, pytest.param(100_000, marks=pytest.mark.full)])
def test_however_many(start, chromium: Browser, tmp_path: Path, number: int) -> None:
    """Rows are loaded as one scrolls, a few hundred have elements, and a refresh takes few milliseconds."""
    (tmp_path / "list").write_text(
        "".join(
            f"sip:127.{10 + n // 62500}.{n // 250 % 250}.{n % 250 + 1} group=g{n % 20}\n"
            for n in range(number)
        )
    )
    port = free_port()
    start(
        KEEPALIVE_HTTP=f"127.0.0.1:{port}",
        KEEPALIVE_LIST_FILE=tmp_path / "list",
        KEEPALIVE_ENABLED=0,
        share=tmp_path,
        memory=1024,
    )
    browser = chromium
    browser.open(f"http://127.0.0.1:{port}/")
    browser.wait_for_text("#counts", f"{number:,} unknown", 180)
    browser.wait_for_text("#end", f"of {number:,}")
    loaded = "return Number(document.getElementById('end').textContent.split(' ')[0].replaceAll(',', ''))"
    wait_for("the first hundred", lambda: browser.run(loaded) >= 100)
    for pages in range(2, 8):
        browser.run("scrollTo(0, document.body.scrollHeight)")
        wait_for(f"{pages} pages", lambda pages=pages: browser.run(loaded) >= 100 * pages)
        assert browser.run("return document.querySelectorAll('tr.row').length") <= 400
        assert browser.texts("tr.gone") == []
    keys = "return [...document.querySelectorAll('tr.row')].map((each) => each.dataset.key)"
    assert len(set(browser.run(keys))) == len(browser.run(keys))
    browser.run("scrollTo(0, 0)")
    wait_for(
        "the first rows", lambda: browser.run("return document.querySelector('tbody').rows.length") == 100
    )
    durations = "return performance.getEntriesByName('refresh').map((each) => each.duration)"
    asked = f"return {ASKED}.map((each) => each.duration)"
    wait_for("three refreshes", lambda: len(browser.run(durations)) >= 3, 30)
    longest, answers = max(browser.run(durations)), [round(each) for each in browser.run(asked)]
    print(f"MEASURED: of {number} a refresh took {longest:.0f} ms at the most, answers {answers} ms")
    assert longest < 200
    assert browser.complaints() == []
    browser.driver.get("about:blank")  # this server ends now


def test_a_server_that_is_gone_and_comes_back(
    chromium: Browser, watched: Watched, checked_kind: str, tmp_path: Path
) -> None:
    """A red bar says since when it has not answered; the page goes on by itself when it does."""
    browser = chromium
    watched.settle()
    browser.open(watched.address)
    browser.wait_for_text("#counts", "5 up")
    watched.stop()
    sentence = browser.wait_for_text("#alarm", "The server has not answered since ", 14)
    assert sentence.endswith(": what is below is old.")
    assert browser.title.startswith("(no answer) KeepAlive @")
    assert (
        browser.run("return getComputedStyle(document.querySelector('#alarm')).backgroundColor")
        == "rgb(179, 38, 30)"
    )
    port = int(watched.address.rstrip("/").rpartition(":")[2])
    again = Watched(checked_kind, port, tmp_path, watched.gateways)
    try:
        wait_for("no bar", lambda: not browser.text("#alarm"), 15)
        browser.wait_for_text("#counts", "5 up")
        browser.wait_for_text("#freshness", "live")
        assert not browser.title.startswith("(no")
    finally:
        again.stop()
    # How a request fails depends on when the server goes, and comes.
    failed = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE")
    assert [each for each in browser.complaints() if not any(why in each for why in failed)] == []
