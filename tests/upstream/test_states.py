"""What ties a callback to its browser comes back as it was sent, whatever it was."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp import settings
from idp.outbound import Outbound
from idp.upstream.base import Surface, Upstream, new_state
from idp.upstream.service import Upstreams
from tests.upstream.conftest import tables

WAYS = [
    ("wechat", Surface.WEBSITE),
    ("wechat", Surface.INSIDE),
    ("alipay", Surface.WEBSITE),
    ("alipay", Surface.INSIDE),
]
KEPT = re.compile(r"[a-zA-Z0-9]{1,128}")
BACK = "https://id.jia.test/login/callback"
_HOSTS = st.from_regex(r"[a-z][a-z0-9]{0,20}\.test", fullmatch=True)
_PATHS = st.text(st.characters(exclude_characters="#", exclude_categories=["C"]), max_size=60)


@pytest.fixture(scope="module")
def offered(
    registers: flask.Flask, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Upstream]:
    var: Path = tmp_path_factory.mktemp("states")
    chosen = settings.load(environment="testing", var_dir=var, upstream=tables(registers))
    return Upstreams(chosen, Outbound(chosen)).offered


def test_a_new_state_is_letters_and_digits_and_nobody_guesses_it() -> None:
    made = {new_state() for _ in range(1000)}
    assert len(made) == 1000
    assert all(KEPT.fullmatch(each) and len(each) >= 43 for each in made)


@given(state=st.text(max_size=200) | st.from_regex(r"[a-zA-Z0-9]{0,140}", fullmatch=True))
def test_a_state_goes_as_it_is_or_not_at_all(offered: dict[str, Upstream], state: str) -> None:
    for name, surface in WAYS:
        if KEPT.fullmatch(state):
            url = offered[name].authorize_url(surface, BACK, state)
            assert parse_qs(urlsplit(url).query)["state"] == [state]
        else:
            with pytest.raises(ValueError, match="state"):
                offered[name].authorize_url(surface, BACK, state)


@given(host=_HOSTS, path=_PATHS)
def test_a_redirect_uri_goes_whole(offered: dict[str, Upstream], host: str, path: str) -> None:
    redirect_uri = f"https://{host}/{path}"
    for name, surface in WAYS:
        url = offered[name].authorize_url(surface, redirect_uri, "a1")
        assert parse_qs(urlsplit(url).query)["redirect_uri"] == [redirect_uri]


@pytest.mark.parametrize("redirect_uri", ["", f"{BACK}#there"])
@pytest.mark.parametrize(("name", "surface"), WAYS)
def test_a_redirect_uri_has_no_fragment(
    offered: dict[str, Upstream], name: str, surface: Surface, redirect_uri: str
) -> None:
    """WeChat's quick login writes the code before it."""
    with pytest.raises(ValueError, match="fragment"):
        offered[name].authorize_url(surface, redirect_uri, "a1")
