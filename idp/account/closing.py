"""Asking to have the account closed (注销): what will happen, said before it does."""

import flask

from idp import closing, cookies
from idp.account.blueprint import bp, fresh_sign_in
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me


@bp.get("/close")
def close() -> flask.Response:
    fresh_sign_in()
    return _page()


@bp.post("/close")
def close_now() -> flask.Response:
    fresh_sign_in()
    prospect = closing.prospect(me())
    try:
        closing.ask(me(), understood=bool(people.text("agree")))
    except closing.REFUSALS as error:
        return _page(people.failed(error))
    cookies.drop("sso")
    return people.page("account/closed.html", None, days=prospect.days)


def _page(failed: Failed = FIRST) -> flask.Response:
    form = people.fields(failed, submit_url="/account/close")
    about = vars(closing.prospect(me()))
    return people.page("account/close.html", None, failed, form=form, **about)
