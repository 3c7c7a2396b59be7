"""The language of a page: ``ui_locales`` (OIDC Core §3.1.2.1), the cookie, Accept-Language."""

import gettext
from dataclasses import replace
from datetime import timedelta
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

import flask
from flask_babel import Babel, format_datetime
from markupsafe import Markup

from idp import cookies
from idp.settings import ROOT, Settings

COOKIE = "lang"
COOKIE_AGE = timedelta(days=365)

Portal = TypeVar("Portal")
"""A registration, or what pages may say of one; or none."""

# Only for moments: it looks for the language and its catalogue anew at every text.
_babel = Babel(configure_jinja=False)


def init_app(app: flask.Flask, settings: Settings) -> None:
    languages = settings.node.languages
    app.extensions["hutong.languages"] = languages
    _babel.init_app(
        app,
        default_locale=_babel_name(languages[0]),
        default_timezone="Asia/Shanghai",
        locale_selector=lambda: _babel_name(locale()),
    )
    app.jinja_env.filters["datetimeformat"] = format_datetime
    app.jinja_env.globals["languages"] = languages
    app.jinja_env.globals["_"] = _on_page


def locale() -> str:
    """The tag of the language this request is answered in, as ``lang`` attributes want it."""
    if "locale" not in flask.g:
        flask.g.locale = _choose()
    return flask.g.locale


def prefer(ui_locales: str) -> None:
    """Answer this request in the first of these tags we speak, e.g. a stored ``ui_locales``."""
    if found := _match(tuple(ui_locales.split())):
        flask.g.locale = found


def remember(language: str) -> None:
    """Keep the language a person chose on this browser."""
    if language in flask.current_app.extensions["hutong.languages"]:
        flask.g.locale = language
        cookies.set_(COOKIE, language, COOKIE_AGE)


def usual() -> str:
    """The node's own language."""
    languages: tuple[str, ...] = flask.current_app.extensions["hutong.languages"]
    return languages[0]


def is_chosen() -> bool:
    """Whether somebody has chosen a language in this browser, or the portal asks for one."""
    return bool(cookies.read(COOKIE) or flask.request.args.get("ui_locales"))


def translate(text: str) -> str:
    """A text marked with ``N_()``, in this request's language."""
    return _catalogue(locale()).gettext(text) if text else ""


def named(portal: Portal) -> Portal:
    """The portal under its name in this request's language, when it registered one."""
    english: str = getattr(portal, "name_en", "")
    if not english or locale() != "en":
        return portal
    return cast(Portal, replace(cast(Any, portal), name=english))


def _on_page(text: str, **variables: Any) -> Markup:
    """``_()`` of templates: what fills a text is escaped, and ``%%`` in it stands for ``%``."""
    language = locale()
    return _filled(text, language) if not variables else _marked(text, language) % variables


@lru_cache(4096)
def _filled(text: str, language: str) -> Markup:
    """A text that nothing fills, as most are."""
    return _marked(text, language) % {}


def _marked(text: str, language: str) -> Markup:
    return Markup(_catalogue(language).gettext(text))  # noqa: S704 - the text is ours


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """What we say in ``language``; texts that are not in it stay as they were written."""
    names = [_babel_name(language)]
    return gettext.translation("messages", ROOT / "translations", names, fallback=True)


def _choose() -> str:
    request = flask.request
    languages: tuple[str, ...] = flask.current_app.extensions["hutong.languages"]
    asked = tuple(request.args.get("ui_locales", "").split())
    chosen = cookies.read(COOKIE)
    accepted = tuple(tag for tag, _quality in request.accept_languages)
    return _match(asked) or _match((chosen,)) or _match(accepted) or languages[0]


def _match(tags: tuple[str, ...]) -> str | None:
    return _best(tags, flask.current_app.extensions["hutong.languages"])


@lru_cache(512)
def _best(tags: tuple[str, ...], languages: tuple[str, ...]) -> str | None:
    """The first tag whose language we have: ``zh-HK`` is answered by ``zh-CN`` (RFC 4647 §3.4)."""
    for tag in tags:
        for language in languages:
            if tag and tag.split("-")[0].lower() == language.split("-")[0].lower():
                return language
    return None


def _babel_name(tag: str) -> str:
    return tag.replace("-", "_")
