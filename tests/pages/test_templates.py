"""What must be true of every template, read as text."""

import gzip
import re
from pathlib import Path

import flask_bootstrap
import pytest
from jinja2 import Environment, FileSystemLoader, meta

from idp.settings import ROOT

TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
BEIAN = {"https://beian.miit.gov.cn/", "https://beian.mps.gov.cn/"}
LEAVES_US = {"form_post.html"}
"""Forms that lead to a relying party, which must not be handed our form token."""
BILINGUAL = {"macros.html"}
"""The language switch says both languages in themselves."""


@pytest.fixture(scope="module")
def environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), extensions=["jinja2.ext.i18n"], autoescape=True
    )


def text_of(name: str) -> str:
    source = (TEMPLATES / name).read_text(encoding="utf-8")
    return re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_parses_and_names_only_templates_that_exist(name, environment):
    parsed = environment.parse(text_of(name))

    named = {found for found in meta.find_referenced_templates(parsed) if found}
    assert named <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_has_no_inline_style_and_no_inline_handler(name):
    source = text_of(name)

    assert not re.search(r"\sstyle\s*=", source)
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", source)
    assert "javascript:" not in source


@pytest.mark.parametrize("name", NAMES)
def test_scripts_and_styles_carry_the_nonce_of_the_page(name):
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", text_of(name)):
        assert 'nonce="{{ csp_nonce() }}"' in tag


@pytest.mark.parametrize("name", NAMES)
def test_a_page_needs_no_other_host(name):
    addresses = set(re.findall(r"https?://[^\s\"'<]+", text_of(name)))

    assert addresses <= BEIAN


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LEAVES_US])
def test_every_form_that_posts_carries_our_token(name):
    for form in re.findall(r"<form\b.*?</form>", text_of(name), flags=re.DOTALL):
        if 'role="search"' in form:  # it changes nothing, and a token must not be in an address
            assert 'method="get"' in form and "csrf" not in form
            continue
        assert 'method="post"' in form
        assert "ui.csrf()" in form


def test_a_form_that_leaves_us_carries_no_token():
    for name in LEAVES_US:
        assert "csrf" not in text_of(name)


@pytest.mark.parametrize(
    "name", [n for n in NAMES if not n.endswith((".zh-CN.html", ".en.html")) and n not in BILINGUAL]
)
def test_chinese_stands_only_where_it_is_translated(name):
    marked = re.compile(r"""_\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")

    left = re.sub(r'default\("自报", true\)', "", marked.sub("", text_of(name)))

    assert not re.findall(r"[\u4e00-\u9fff]+", left)


@pytest.mark.parametrize("name", [n for n in NAMES if n.endswith(".zh-CN.html")])
def test_an_agreement_has_an_english_text_with_as_many_sections(name):
    english = name.replace(".zh-CN.", ".en.")

    assert text_of(name).count("<h2>") == text_of(english).count("<h2>")
    assert text_of(name).count("<li>") == text_of(english).count("<li>")


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("login/methods/sms.html", ["send-code", "login-submit"]),
        ("login/methods/password.html", ["login-submit"]),
        ("login/second_factor.html", ["step-up-decline"]),
        ("signup/phone.html", ["send-code"]),
        ("signup/agreement.html", ["signup-submit"]),
        ("consent/ask.html", ["consent-allow", "consent-deny"]),
        ("logout/confirm.html", ["logout-yes", "logout-no"]),
    ],
)
def test_buttons_keep_the_ids_tools_rely_on(name, ids):
    for button in ids:
        assert f'"{button}"' in text_of(name)


def test_the_agreement_box_is_never_ticked_beforehand():
    macro = re.search(r"macro agree\(.*?endmacro", text_of("macros.html"), flags=re.DOTALL)

    assert macro
    assert "checked" not in macro.group()


def test_a_password_is_never_written_into_a_page():
    macro = re.search(r"macro password\(.*?endmacro", text_of("macros.html"), flags=re.DOTALL)

    assert macro
    assert "value=" not in macro.group()


def test_what_a_page_loads_stays_below_80_kb_compressed():
    bootstrap = Path(flask_bootstrap.__file__).parent / "static/bootstrap5/css/bootstrap.min.css"
    loaded = [bootstrap, *STATIC.glob("*.css"), *STATIC.glob("*.js"), *STATIC.glob("*.svg")]

    weight = sum(len(gzip.compress(path.read_bytes())) for path in loaded)

    assert weight < 70 * 1024, "10 KB are left for the page itself"


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("--ht-ink", "--ht-ground"),
        ("--ht-muted", "--ht-ground"),
        ("--ht-muted", "--ht-card"),
        ("--ht-colour", "--ht-ground"),
        ("--ht-danger", "--ht-danger-tint"),
        ("--ht-success", "--ht-success-tint"),
        ("--ht-warning", "--ht-warning-tint"),
    ],
)
def test_text_stands_out_from_its_ground(ink, ground):
    tokens = dict(re.findall(r"(--ht-[\w-]+): (#[0-9a-f]{3,6});", _css()))

    lighter, darker = sorted((_light(tokens[ink]), _light(tokens[ground])), reverse=True)

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def _css() -> str:
    return (STATIC / "hutong.css").read_text(encoding="utf-8")


def _light(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
