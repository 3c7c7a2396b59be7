"""Security headers, and a content security policy (CSP Level 3) made for each page.

A page begins with nothing allowed but its own style sheet; what it needs it asks for
while it is made: a script nonce, a verified origin its form leads to, a frame's address.
"""

import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

import flask

from idp.settings import Settings

# No Cross-Origin-Opener-Policy: portals may open the sign-in in a pop-up (``display=popup``)
# and must be told there when it is done.
_ALWAYS = [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin")]
_ON_PAGES = [
    ("X-Frame-Options", "DENY"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
]
_NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
_HSTS = "max-age=31536000; includeSubDomains"


def init_app(app: flask.Flask, settings: Settings) -> None:
    app.extensions["hutong.headers"] = _always(settings)
    app.jinja_env.globals["csp_nonce"] = csp_nonce


def of_data(settings: Settings) -> list[tuple[str, str]]:
    """What every answer that is no page carries, beside its own headers; see ``apply``."""
    return [*_always(settings), ("Content-Security-Policy", _NO_PAGE)]


def csp_nonce() -> str:
    """The nonce this page's own scripts and styles carry; made when first asked for."""
    if "csp_nonce" not in flask.g:
        flask.g.csp_nonce = secrets.token_urlsafe(18)
    return flask.g.csp_nonce


def allow_form_action(uri: str) -> None:
    """Let this page's form lead to the origin of ``uri``, which must be verified already.

    Browsers apply ``form-action`` to the redirects after a form too, so a page that
    finally sends people back to a portal has to name the portal.
    """
    _allow("form_actions", uri)


def allow_frame(uri: str) -> None:
    """Let this page load a registered front-channel logout URI in a frame."""
    _allow("frames", uri)


def apply(response: flask.Response) -> None:
    """Put the headers on an answer. Views may set Cache-Control; the rest is ours alone."""
    present = response.headers
    if response.status_code == HTTPStatus.PERMANENT_REDIRECT:
        present["Location"] = _at_home(present["Location"])
    present.extend(flask.current_app.extensions["hutong.headers"])
    if "Cache-Control" not in present:
        present.add("Cache-Control", "no-store")
    if response.mimetype != "text/html" or "Location" in present:
        present.add("Content-Security-Policy", _NO_PAGE)
        return
    present.extend(_ON_PAGES)
    present.add("Content-Security-Policy", _page_policy())


def _always(settings: Settings) -> list[tuple[str, str]]:
    hsts = [("Strict-Transport-Security", _HSTS)] if settings.secure else []
    return [*_ALWAYS, *hsts]


def _at_home(location: str) -> str:
    """The router's own redirects name the Host that was asked for; they lead to a path of ours."""
    parts = urlsplit(location)
    path = "/" + parts.path.lstrip("/\\")
    return f"{path}?{parts.query}" if parts.query else path


def _allow(kind: str, uri: str) -> None:
    parts = urlsplit(uri)
    # Only the origin becomes a source; a path may hold what separates sources.
    if not parts.scheme or any(letter in parts.netloc for letter in "; ,\r\n"):
        raise ValueError("a policy source must be one absolute URI")
    # A native app's redirect has a scheme of its own and no host; then the scheme is the source.
    source = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    allowed = flask.g.setdefault(kind, [])
    if source not in allowed:
        allowed.append(source)


def _page_policy() -> str:
    g = flask.g
    rules = [
        "default-src 'none'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        " ".join(["form-action 'self'", *g.get("form_actions", ())]),
    ]
    if nonce := g.get("csp_nonce"):
        rules += [f"script-src 'nonce-{nonce}'", f"style-src 'self' 'nonce-{nonce}'"]
    else:
        rules.append("style-src 'self'")
    if frames := g.get("frames"):
        rules.append(" ".join(["frame-src", *frames]))
    return "; ".join(rules)
