"""`python -m demo`: starts everything, says where to look, stops everything."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from demo.cast import PASSWORD
from demo.plan import usual
from tests.browser.ports import spare

pytestmark = pytest.mark.browser
PATIENCE = 60.0


@pytest.fixture
def var() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ht-") as folder:
        yield Path(folder)


def demo(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def consecutive_ports(count: int) -> int:
    """The first of ``count`` ports in a row that are free."""
    for candidate in spare(50):
        try:
            held = [socket.create_server(("127.0.0.1", candidate + i)) for i in range(count)]
        except OSError:
            continue
        for each in held:
            each.close()
        return candidate
    raise AssertionError("no free ports in a row")


def what_it_says(process: "subprocess.Popen[str]", until: str) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if until in line:
            return said
    raise AssertionError(said)


def stopped(process: "subprocess.Popen[str]") -> int:
    """By somebody in a hurry: again while it is stopping."""
    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    return process.returncode


def answers(port: int, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def test_it_refuses_to_listen_beyond_loopback(var: Path) -> None:
    process = demo("--host", "0.0.0.0", "--var", os.fspath(var / "demo"))
    said, _ = process.communicate(timeout=30)

    assert process.returncode == 1 and "loopback only" in said
    assert not (var / "demo").exists()


def test_a_port_that_is_taken_is_named(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        process = demo("--first-port", str(port), "--var", os.fspath(var))
        said, _ = process.communicate(timeout=30)

    assert process.returncode == 1 and f"Port {port} (node) is taken" in said


def test_it_starts_twice_on_the_same_data_and_leaves_nothing_running(var: Path) -> None:
    port = consecutive_ports(len(usual(var).places))
    places = usual(var, port).places
    secrets = []
    for _ in range(2):
        began = time.monotonic()
        process = demo("--first-port", str(port), "--var", os.fspath(var))
        said = what_it_says(process, "Ctrl-C")
        assert time.monotonic() - began < PATIENCE
        assert f"http://localhost:{port}/demo" in said and "演示已就绪" in said
        assert answers(port, "/demo") and answers(places["gjj"].port, "/")
        secrets.append((var / "client-secrets.json").read_text("utf-8"))

        assert stopped(process) == 0
        assert not any(listens(place.port) for place in places.values())

    assert secrets[0] == secrets[1]
    assert (var / "client-secrets.json").stat().st_mode & 0o077 == 0


def test_a_suspended_province_is_out_of_the_federation_within_a_minute(
    var: Path, browser: Browser
) -> None:
    """The drill: everything really runs, and nobody helps it along."""
    port = consecutive_ports(len(usual(var).places))
    places = usual(var, port).places
    process = demo("--first-port", str(port), "--var", os.fspath(var))
    try:
        what_it_says(process, "丙州市民中心")
        page = browser.new_page()
        page.goto(f"{places['shebao'].url}/login")
        page.click("#other-region")
        page.click("button[value*='//yi.']")
        page.wait_for_url(f"{places['yi'].url}/login/**")
        page.goto(f"{page.url}&m=password")
        page.fill("#username", "linxiaotong")
        page.fill("#password", PASSWORD)
        page.click("#login-submit")
        page.click("#consent-allow")
        page.wait_for_url("**/login/region/first**")
        page.click("#region-guest")
        page.check("input[name=agree]")
        page.click("#agreement-submit")
        page.click("#consent-allow")
        page.wait_for_url(f"{places['shebao'].url}/my**")

        drawn = browser.new_page()
        drawn.goto(f"{places['sandbox'].url}/federation?live=0")
        found = Axe().run(drawn)
        assert found.violations_count == 0, found.generate_report()
        began = time.monotonic()
        drawn.click("#suspend-yi")
        while page.url.startswith(places["shebao"].url):
            assert time.monotonic() - began < PATIENCE
            time.sleep(0.5)
            page.goto(f"{places['shebao'].url}/my")

        state = httpx.get(
            f"http://127.0.0.1:{places['sandbox'].port}/federation.json",
            headers={"Host": places["sandbox"].url.partition("//")[2]},
        ).json()
        assert set(state["yi"]["trusted_by"].values()) == {False}
        assert set(state["bing"]["trusted_by"].values()) == {True}
    finally:
        assert stopped(process) == 0
