"""Take the README's pictures from a running demo: `make run`, then `make screenshots` in a second terminal."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class Photographer:
    """Walks through the demo hospital with a camera; Korean pages, as the hospital shows them."""

    def __init__(self, browser: Browser, demo: dict[str, Any]) -> None:
        self.browser, self.demo, self.base = browser, demo, demo["base_url"]
        self.queue: str = demo["queues"][0]["id"]

    def open(self, width: int, height: int, path: str = "/") -> Page:
        """Open a browser of its own."""
        page = self.browser.new_context(
            viewport={"width": width, "height": height}, locale="ko-KR"
        ).new_page()
        page.goto(path if path.startswith("http") else self.base + path)
        return page

    def staff(self, role: str, path: str) -> Page:
        """Open a page as the demo's member of staff."""
        one = next(one for one in self.demo["staff"] if one["role"] == role)
        page = self.open(1600, 900, "/login")
        page.fill("[name=username]", one["username"])
        page.fill("[name=password]", one["password"])
        page.press("[name=password]", "Enter")
        page.wait_for_load_state()
        page.goto(self.base + path)
        return page

    def device(self, kind: str, width: int, height: int) -> Page:
        """Pair a device and open its page."""
        page = self.open(
            width, height, next(one["pairing_url"] for one in self.demo["devices"] if one["kind"] == kind)
        )
        page.click("main button[type=submit]")
        page.wait_for_load_state()
        return page

    def fill_the_ward(self) -> None:
        """Let a morning's patients wait in the demo queue, and call three of them."""
        flask = str(Path(sys.executable).with_name("flask"))
        command = [flask, "demo", "crowd", "--queue", self.queue, "--waiting", "16", "--rooms", "3"]
        subprocess.run(command, check=True, cwd=ROOT)

    def take(self) -> None:
        """Take all pictures."""
        self.fill_the_ward()
        ward = self.staff("nurse", f"/ward/{self.queue}")
        for _ in range(2):
            ward.click("button[id^=next-]:not([aria-disabled])")
            ward.wait_for_timeout(800)
        ward.click("details[id^=start-] > summary")
        ward.click("button[id^=yes-]")
        ward.wait_for_timeout(500)
        ward.click("button[id^=next-]:not([aria-disabled])")
        ward.wait_for_timeout(12_000)  # the toast has gone
        ward.screenshot(path=HERE / "ward.png")

        board = self.device("board", 1600, 900)
        board.wait_for_timeout(1500)
        board.screenshot(path=HERE / "board.png")

        patient = next(one for one in self.demo["patients"] if one["queue"] == self.queue)
        phone = self.open(390, 844, self.demo["tags"][0]["url"])
        phone.fill("[name=phone_last4]", patient["phone_last4"])
        phone.fill("[name=birth_date]", patient["birth_date"].replace("-", ""))
        phone.click("form[action*=identify] button[type=submit]")
        phone.click("form[action='/me/check-in'] button[type=submit]")
        phone.wait_for_timeout(1500)
        phone.screenshot(path=HERE / "phone.png")
        phone.evaluate("() => document.querySelector('svg polyline').closest('section').scrollIntoView()")
        phone.wait_for_timeout(500)
        phone.screenshot(path=HERE / "route.png")

        kiosk = self.device("kiosk", 1080, 1920)
        kiosk.click("main button[name=language][value=ko], main form button[type=submit] >> nth=0")
        kiosk.wait_for_timeout(800)
        kiosk.screenshot(path=HERE / "kiosk.png")

        desk = self.staff("desk", "/desk")
        desk.wait_for_timeout(500)
        desk.screenshot(path=HERE / "desk.png")


def main() -> None:
    """Find the running demo and take its pictures."""
    demo = json.loads((ROOT / "var" / "demo.json").read_text(encoding="utf-8"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        Photographer(browser, demo).take()
        browser.close()


if __name__ == "__main__":
    main()
