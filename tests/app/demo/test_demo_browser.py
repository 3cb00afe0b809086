"""The page in a real browser: Chromium without a window, on a desktop and on a phone."""

import os
import shutil
from urllib.parse import urlsplit

import numpy as np
import pytest
from demo_server import running_demo
from PIL import Image
from tiny_generator import full_method

pytest.importorskip("gradio")
sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install playwright")

pytestmark = pytest.mark.slow

SIZES = {"desktop": (1280, 900), "phone": (375, 812)}
FACE = "#answer .face"


def chromium():
    """The browser's file; None if there is none here."""
    named = os.environ.get("GEOFER_CHROMIUM")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser():
    if (file := chromium()) is None:
        pytest.skip("no Chromium: install Debian's chromium, or name one in GEOFER_CHROMIUM")
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=file, args=["--no-sandbox", *camera])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def plain():
    with running_demo("--max-upload", "1", "--head") as (address, _):
        yield address


@pytest.fixture(scope="module")
def with_generator(tmp_path_factory):
    checkpoint = full_method(tmp_path_factory.mktemp("full") / "best.ckpt")
    with running_demo("--generator", str(checkpoint)) as (address, _):
        yield address


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    file = tmp_path_factory.mktemp("photo") / "astronaut.png"
    Image.fromarray(pytest.importorskip("skimage.data").astronaut()).save(file)
    return file


@pytest.fixture(params=SIZES)
def page(request, browser):
    """A tab whose every request must stay here, and whose console must stay clean."""
    width, height = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, permissions=["camera"])
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.expected, errors, hosts = [], [], set()
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add((urlsplit(request.url).scheme, urlsplit(request.url).hostname)))
    yield page
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    context.close()
    assert {host for scheme, host in hosts if scheme not in ("data", "blob")} == {"127.0.0.1"}
    assert [error for error in errors if not any(part in error for part in page.expected)] == []
    assert wide <= 0, "the page must not scroll sideways"


def pixels(page, picture):
    """What a picture in the page looks like, shrunk."""
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
    source = picture.evaluate("image => image.currentSrc")
    shrunk = page.evaluate(
        """async (source) => {
            const image = new Image(); image.src = source; await image.decode();
            const canvas = document.createElement("canvas"); canvas.width = canvas.height = 32;
            const context = canvas.getContext("2d"); context.drawImage(image, 0, 0, 32, 32);
            return Array.from(context.getImageData(0, 0, 32, 32).data);
        }""",
        source,
    )
    return np.array(shrunk, float)


def moves(page, slider, value, picture):
    """How much a picture changes when a slider is moved, in gray values."""
    before, source = pixels(page, picture), picture.get_attribute("src")
    page.locator(f"{slider} input[type=range]").fill(str(value))
    page.wait_for_function("([image, old]) => image.src !== old", arg=[picture.element_handle(), source])
    return np.abs(pixels(page, picture) - before).mean()


def plays(page, way):
    """Plays an animation, pauses it, and looks at its first and last picture: how much those two differ."""
    page.get_by_label("Animation").click()
    page.get_by_role("option", name=way).click()
    page.locator("#play").click()
    frames = page.locator("#screen .frame")
    frames.last.wait_for(state="attached")
    shown = "() => [...document.querySelectorAll('#screen .frame')].findIndex(frame => frame.matches('.on'))"
    page.wait_for_function(f"({shown})() > 3")
    page.wait_for_function(f"({shown})() < 2")  # and back again
    page.locator("#screen .toggle").click()
    stopped = page.evaluate(shown)
    page.wait_for_timeout(400)
    assert page.evaluate(shown) == stopped
    page.locator("#screen .position").fill(str(frames.count() - 1))
    assert page.evaluate(shown) == frames.count() - 1
    return np.abs(pixels(page, frames.last) - pixels(page, frames.first)).mean()


def test_a_photograph_is_recognized(page, plain, photo):
    page.goto(plain)
    page.locator("#picture input[type=file]").set_input_files(photo)
    page.locator(FACE).wait_for()
    assert page.locator(f"{FACE} .expression").inner_text() == "happiness"
    shares = page.locator(f"{FACE} .share").all_inner_texts()
    assert len(shares) == 7
    assert sum(int(share.removesuffix("%")) for share in shares) == pytest.approx(100, abs=4)
    assert "of tests at this pose" in page.locator(FACE).inner_text()
    drawn = page.locator("#drawn img")
    assert np.ptp(pixels(page, drawn)) > 200
    assert drawn.evaluate("image => image.naturalWidth") == 512


def test_an_example_is_recognized(page, plain):
    page.goto(plain)
    page.locator("#examples .gallery-item").first.click()
    page.locator(FACE).wait_for()
    width = page.locator("#drawn img").evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert width == 384


def test_a_picture_from_the_camera_is_looked_at(page, plain):
    page.goto(plain)
    page.get_by_label("Capture from camera").first.click()
    page.get_by_role("button", name="Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('#picture video')?.currentTime > 0.5")
    page.get_by_label("capture photo").click()
    page.locator("#answer .warning").wait_for()  # Chromium's own camera shows no face
    assert "No face was found" in page.locator("#answer").inner_text()


def test_bad_files_are_told(page, plain, tmp_path):
    text, large = tmp_path / "text.jpg", tmp_path / "large.png"
    text.write_text("this is text")
    large.write_bytes(bytes(1_100_000))
    page.goto(plain)
    page.locator("#picture input[type=file]").set_input_files(text)
    page.locator("#answer .error").wait_for()
    assert "no picture in JPEG" in page.locator("#answer .error").inner_text()
    page.expected += ["404", "Response"]  # Gradio asks for the progress of an upload that it does not begin
    page.reload()
    page.locator("#picture input[type=file]").set_input_files(large)
    toast = page.get_by_test_id("toast-body")
    toast.wait_for()
    assert "exceed the maximum allowed size of 1 Mb" in toast.inner_text().replace("1.0", "1")


def test_the_rendered_head_moves(page, plain):
    page.goto(plain)
    page.get_by_role("tab", name="Rendered head").click()
    head = page.locator("#head img")
    head.wait_for()
    assert moves(page, "#yaw", 40, head) > 2
    assert moves(page, "#pitch", -25, head) > 2
    assert moves(page, "#person", 7, head) > 2
    assert plays(page, "to the expression") > 0.1
    assert plays(page, "from left to right") > 2
    assert "geofer demo without --head" in page.locator("#hint").inner_text()


def test_a_face_is_synthesized(page, with_generator, photo):
    page.goto(with_generator)
    page.get_by_role("tab", name="Synthesize").click()
    page.locator("#source-picture input[type=file]").set_input_files(photo)
    made = page.locator("#synthetic-face img")
    made.wait_for()
    assert pixels(page, page.locator("#own-face img")).std() > 20
    assert moves(page, "#yaw", 40, made) > 0.5
    assert moves(page, "#pitch", -20, made) > 0.5
    assert plays(page, "to the expression") > 0.1
