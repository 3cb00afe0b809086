"""Takes the screenshots of docs/demo.md: the tabs of `geofer demo`, on a desktop and on a phone.

Run ``python tools/demo_screenshots.py docs/images PICTURE [--generator RUN_OR_CHECKPOINT]``. It needs the extra
``demo``, Playwright, and Chromium, as ``chromium`` or named in ``GEOFER_CHROMIUM``.
"""

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

WIDTHS = {"desktop": 1120, "phone": 375}


@contextmanager
def served(*arguments: str) -> Iterator[str]:
    """The address of a demo that runs until the block ends."""
    command = [sys.executable, "-m", "geofer", "demo", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        found = re.search(r"http://\S+", process.stdout.readline() if process.stdout else "")
        if not found:
            raise SystemExit("geofer demo did not start.")
        yield found[0]
    finally:
        process.terminate()
        process.wait()


def recognize(page: Any, picture: Path) -> None:  # noqa: ANN401
    """The first tab, with what it says of a picture."""
    page.locator("#picture input[type=file]").set_input_files(picture)
    page.locator("#answer .face").wait_for()
    page.wait_for_function("[...document.querySelectorAll('#drawn img')].every(image => image.naturalWidth)")


def rendered_head(page: Any, _: Path) -> None:  # noqa: ANN401
    """The tab of the rendered head, turned, with a paused animation."""
    page.get_by_role("tab", name="Rendered head").click()
    page.locator("#head img").wait_for()
    move(page, "#person", 7, "#head img")
    move(page, "#yaw", 25, "#head img")
    stop_animation(page)


def synthesize(page: Any, picture: Path) -> None:  # noqa: ANN401
    """The tab of synthetic faces, with a picture's face turned."""
    page.get_by_role("tab", name="Synthesize").click()
    page.locator("#source-picture input[type=file]").set_input_files(picture)
    page.locator("#synthetic-face img").wait_for()
    move(page, "#yaw", 25, "#synthetic-face img")
    stop_animation(page)


def move(page: Any, slider: str, value: int, picture: str) -> None:  # noqa: ANN401
    """Moves a slider and waits for the picture to follow."""
    shown = page.locator(picture).element_handle()
    old = shown.get_attribute("src")
    page.locator(f"{slider} input[type=range]").fill(str(value))
    page.wait_for_function("([image, old]) => image.src !== old && image.complete", arg=[shown, old])


def stop_animation(page: Any) -> None:  # noqa: ANN401
    """Plays the animation and stops it at its end."""
    page.locator("#play").click()
    page.locator("#screen .frame").last.wait_for(state="attached")
    page.locator("#screen .position").fill(page.locator("#screen .position").get_attribute("max"))


def photograph(browser: Any, address: str, picture: Path, folder: Path, name: str) -> None:  # noqa: ANN401
    """One tab at both widths, each a compressed picture of the whole page."""
    for device, width in WIDTHS.items():
        context = browser.new_context(viewport={"width": width, "height": 700}, device_scale_factor=1.5)
        page = context.new_page()
        page.goto(address)
        {"recognize": recognize, "head": rendered_head, "synthesize": synthesize}[name](page, picture)
        page.mouse.move(0, 0)
        page.wait_for_timeout(500)
        whole = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
        whole.save(folder / f"demo-{name}-{device}.webp", quality=80, method=6)
        context.close()


def main() -> None:
    """Writes two pictures for each tab."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("picture", type=Path, help="whose face is shown")
    parser.add_argument("--generator", help="as for geofer demo")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("GEOFER_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with served(*(("--generator", given.generator) if given.generator else ())) as address:
            photograph(browser, address, given.picture, given.folder, "recognize")
            photograph(browser, address, given.picture, given.folder, "synthesize")
        with served("--head") as address:
            photograph(browser, address, given.picture, given.folder, "head")
        browser.close()


if __name__ == "__main__":
    main()
