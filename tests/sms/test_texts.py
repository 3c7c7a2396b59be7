"""Every notice somebody is promised has words of its own, few enough for one message."""

import ast
import tomllib
from pathlib import Path

from demo import plan
from idp.settings import ROOT
from idp.sms.texts import NOTICES, TEXTS, render
from sandbox import aliyun

PROMISES = {"notices.add", "notices.tell", "notices.warn"}


def promised() -> set[str]:
    """The names handed to one of them anywhere in the provider."""
    names: set[str] = set()
    for path in (ROOT / "idp").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in PROMISES:
                names |= {
                    each.value for each in ast.walk(call.args[1]) if isinstance(each, ast.Constant)
                }
    return names


def test_every_notice_that_is_promised_has_a_text() -> None:
    assert {"password_changed", "accounts_merged"} <= promised() <= set(TEXTS)


def test_the_demo_has_a_template_for_every_notice() -> None:
    assert set(NOTICES) == TEXTS.keys() - {"code"}
    assert set(plan.NOTICES) == set(NOTICES)
    assert len(set(plan.NOTICES.values())) == len(NOTICES)


def test_the_sandbox_takes_every_template_of_the_demo(tmp_path: Path) -> None:
    plan.write(plan.usual(tmp_path))
    sms = tomllib.loads((tmp_path / "hutong.toml").read_text("utf-8"))["sms"]
    for name in NOTICES:
        assert aliyun.TEMPLATE.fullmatch(sms["aliyun"]["notices"][name]), name
        assert sms["tencent"]["notices"][name].isdigit(), name


def test_every_notice_fits_one_message() -> None:
    for kind in TEXTS.keys() - {"code"}:
        params = {"site": "https://id.example.gov.cn", "token": "x" * 12}
        assert len(render("互通", kind, params)) <= 70, kind
