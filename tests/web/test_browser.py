"""The dashboard in Chromium, while a demo is lived: numbers move, a pause holds, nothing is said on the console, and
axe finds nothing that keeps anybody out.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.cli.hand import Process
from tests.need import missing, wait_until

LOOKS = [("light", 1280), ("dark", 360)]
ANN = "/mailboxes/ann.bell@northpost.test"


class Demo:
    """`warmup demo --web`, at work."""

    def __init__(self, folder: Path) -> None:
        days = "90"  # more than the tests take
        self._process = Process("demo", "--days", days, "--web", "127.0.0.1:0", "--keep", str(folder))
        self._process.says("Watch it at")
        found = re.search(r"Watch it at (http://\S+); the token to pause with is in (.+)", self._process.told)
        assert found
        self.url = found[1]
        self.token = Path(found[2]).read_text().strip()
        wait_until(lambda: "Mon" in self._process.told, "the first day of the demo, with answers, is over", 60)

    def end(self) -> None:
        self._process.end()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo(tmp_path_factory.mktemp("demo") / "kept")
    yield running
    running.end()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or missing("Chromium isn't here (Debian: chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])  # root has none
        yield started
        started.close()


class Person:
    """At a browser of their own; `heard` is what the console said."""

    def __init__(self, browser: Browser, demo: Demo, scheme: str = "light", width: int = 1280, **habits: bool) -> None:
        self.context: BrowserContext = browser.new_context(
            base_url=demo.url,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 800},
            java_script_enabled=habits.get("scripts", True),
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.heard: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.heard.append(str(error)))

    def _hear(self, line: ConsoleMessage) -> None:
        if line.type in {"error", "warning"}:
            self.heard.append(line.text)

    def signs_in(self, demo: Demo) -> None:
        self.page.goto("/sign-in")
        self.page.get_by_label("Token").fill(demo.token)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Pool", level=1)).to_be_visible()

    def sent(self) -> int:
        return int(self.page.locator("#sums div", has_text="Sent ever").locator("dd").inner_text())


def test_numbers_move_while_one_looks(browser: Browser, demo: Demo) -> None:
    person = Person(browser, demo)
    person.page.goto("/")
    expect(person.page.locator("#watching")).to_have_text("Live")
    expect(person.page.locator("#daemon")).to_have_text("Daemon at work")
    before, mark = person.sent(), "window.mark = 1"
    person.page.evaluate(mark)
    wait_until(lambda: person.sent() > before, "more has been sent")
    assert person.page.evaluate("window.mark") == 1  # the page was never loaded again
    assert person.heard == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_mailbox_is_paused_and_resumed(browser: Browser, demo: Demo, scripts: bool) -> None:
    person = Person(browser, demo, scripts=scripts)
    person.signs_in(demo)
    page = person.page
    page.get_by_role("link", name="ann.bell@northpost.test").first.click()
    page.get_by_label("For").select_option("until I end it")
    page.get_by_label("Why").fill("tried out")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused.")).to_be_visible()
    expect(page.locator("#held")).to_contain_text("held by the operator: tried out")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Resumed")).to_be_visible()
    expect(page.locator("#held")).not_to_contain_text("tried out")
    assert person.heard == []


def test_all_can_be_reached_by_keyboard(browser: Browser, demo: Demo) -> None:
    person = Person(browser, demo)
    page = person.page
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("To the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "ben.irving@bluemail.test":
            break
    wait_until(lambda: page.locator("#watching").inner_text() == "Live", "the script has looked")
    before = person.sent()
    wait_until(lambda: person.sent() > before, "the table was put in anew")
    assert page.evaluate("document.activeElement.textContent") == "ben.irving@bluemail.test"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="ben.irving@bluemail.test", level=1)).to_be_visible()
    assert person.heard == []


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    browser: Browser, demo: Demo, scheme: str, width: int
) -> None:
    person = Person(browser, demo, scheme, width)
    person.signs_in(demo)
    page = person.page
    answered = next(event for event in page.request.get("/api/events?limit=500").json() if event["parent"])
    for path in ("/", ANN, f"/threads/{answered['thread']}", "/pauses?all=1", "/doctor", "/nothing", "/sign-in"):
        page.goto(path)
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        told = [f"{path}: {one['impact']} {one['id']}: {one['help']}" for one in found.response["violations"]]
        assert told == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert [line for line in person.heard if "404" not in line] == []  # of /nothing


def test_a_conversation_reads_as_it_was_sent(browser: Browser, demo: Demo) -> None:
    person = Person(browser, demo)
    page = person.page
    page.goto("/")
    answered = next(event for event in page.request.get("/api/events?limit=500").json() if event["parent"])
    page.goto(f"/threads/{answered['thread']}")
    assert page.locator("article").count() >= 2
    assert page.locator("article").first.locator(".said").count() >= 2
    assert person.heard == []
