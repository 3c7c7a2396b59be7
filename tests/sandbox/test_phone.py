"""The fake phone: pages for people, JSON for programs, numbers for failures."""

import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from sandbox import magic
from sandbox.inbox import Inbox
from tests.sandbox.conftest import aliyun, form


def receive(client, text="【互通】您的验证码为012345，5分钟内有效。"):
    inbox: Inbox = client.application.extensions["inbox"]
    inbox.receive("13800138000", "互通", text, "阿里云")


def test_messages_come_newest_first(client):
    receive(client, "【互通】您的验证码为111111。")
    receive(client, "【互通】您的验证码为222222。")

    found = client.get("/phone/13800138000/messages").json
    assert [message["code"] for message in found] == ["222222", "111111"]
    assert {"id", "number", "sender", "text", "code", "via", "at"} == set(found[0])


def test_the_inbox_shows_the_code_and_refreshes_itself(client):
    receive(client)
    page = client.get("/phone/13800138000")

    assert '<strong class="code">012345</strong>' in page.text
    assert '<html lang="zh-CN">' in page.text
    assert "<script" not in page.text
    assert page.headers["Refresh"] == "2"
    assert "Refresh" not in client.get("/phone/13800138000?still=1").headers


def test_a_message_s_text_is_not_markup(client):
    receive(client, "<b>1234</b><script>")
    assert "<script>" not in client.get("/phone/13800138000").text


def test_all_phones_are_listed_and_any_can_be_opened(client):
    receive(client)
    assert "13800138000" in client.get("/phone").text

    opened = client.get("/phone?number=13900139000")
    assert opened.headers["Location"] == "/phone/13900139000"
    assert "请输入正确的手机号码" in client.get("/phone?number=<x>").text


def test_the_root_leads_to_the_phone(client):
    assert client.get("/").headers["Location"] == "/phone"


@pytest.mark.parametrize("path", ["/phone/abc", "/phone/123/messages"])
def test_what_is_no_number_has_no_phone(client, path):
    assert client.get(path).status_code == 404


def test_an_inbox_can_be_emptied(client):
    receive(client)
    assert client.delete("/phone/13800138000/messages").status_code == 204
    assert client.get("/phone/13800138000/messages").json == []


def test_every_magic_number_is_on_the_page(client):
    page = client.get("/magic").text

    for entry in (*magic.ALIYUN, *magic.TENCENT, *magic.TENCENT_REQUEST, *magic.GATEWAY):
        assert entry.code in page
    assert "19900050001" in page


@pytest.mark.parametrize("entry", magic.ALIYUN, ids=lambda e: f"{e.code}-{e.message[:9]}")
def test_a_magic_number_fails_as_the_page_says(client, entry):
    number = magic.number_for("aliyun", entry.code, entry.message)
    answer = aliyun(client, form(number))

    assert answer.status_code == entry.status
    assert (answer.json["Code"], answer.json["Message"]) == (entry.code, entry.message)


def test_the_command_starts_it_and_prints_where():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--per-minute", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            assert f"http://127.0.0.1:{port}/phone".encode() in process.stdout.readline()
            answer = _get(f"http://127.0.0.1:{port}/phone/13800138000/messages")
            assert answer == b"[]\n"
        finally:
            process.terminate()
        assert b"13800138000" not in process.stdout.read()


def test_the_command_refuses_to_listen_beyond_loopback():
    command = [sys.executable, "-m", "sandbox", "--host", "0.0.0.0"]
    done = subprocess.run(command, capture_output=True, check=False, env=os.environ)

    assert done.returncode
    assert b"loopback only" in done.stderr


def _get(url):
    for _ in range(50):
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return answer.read()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the sandbox does not answer")
