"""Redis keeps nothing longer than somebody can use it: at scale its memory is what things live."""

import flask
import pytest

from idp.store.engines import redis
from tests.oidc.actors import registered, with_account

MONTH_MS = 30 * 24 * 3600 * 1000


def longest(app: flask.Flask, mark: bytes) -> int:
    with app.app_context():
        return max(int(redis.pttl(key)) for key in redis.scan_iter() if mark in key)


@pytest.mark.parametrize("mark", [b"}f:", b"}fs:"])
def test_a_family_that_ends_with_its_session_is_not_kept_longer(
    app: flask.Flask, mark: bytes
) -> None:
    portal, wang = registered(app, "shebao"), with_account(app, "wangxm", "+8613800000001")
    tokens = portal.tokens_for(wang, scope="openid phone")
    portal.refreshes(tokens["refresh_token"])

    assert longest(app, mark) <= app.extensions["settings"].sessions.absolute.total_seconds() * 1000


def test_offline_access_is_kept_for_a_month(app: flask.Flask) -> None:
    portal, wang = registered(app, "shebao"), with_account(app, "wangxm", "+8613800000001")
    portal.tokens_for(wang, scope="openid phone offline_access")

    assert longest(app, b"}f:") > MONTH_MS - 60_000


def test_a_session_is_kept_no_longer_than_it_may_stay_unused(app: flask.Flask) -> None:
    portal, wang = registered(app, "shebao"), with_account(app, "wangxm", "+8613800000001")
    portal.tokens_for(wang)

    assert longest(app, b"}s:") <= app.extensions["settings"].sessions.idle.total_seconds() * 1000
