"""RP-Initiated Logout 1.0, with the front channel's frames (OIDC Front-Channel Logout 1.0).

With a hint that names this very session the portal's own sign-out was the question, and
we act on it. Otherwise we ask: a link on some page must not sign anybody out.
"""

import secrets
from dataclasses import dataclass

from joserfc.errors import JoseError

from idp import sessions
from idp.oidc import hints
from idp.oidc.adapters import EPOCH, OAuthClient, find_client
from idp.oidc.errors import InvalidHint, MalformedRequest, UnregisteredLogoutRedirect
from idp.oidc.http import KEPT_FOR, MAX_KEPT, Page, Params, Request, Response, redirect, with_params
from idp.services import services
from idp.sessions import Session
from idp.store import buckets, clients, ephemeral
from idp.store import grants as store
from idp.web import i18n

PATH = "/oauth/logout"
POSTED = "logout-post"


@dataclass(frozen=True, slots=True)
class Asked:
    """A logout request: from whom, about which session, and where to go afterwards."""

    client: OAuthClient | None
    names_session: bool
    """Whether a valid hint names the session of this browser."""
    continue_to: str
    """The verified ``post_logout_redirect_uri`` with ``state``; empty when there is none."""


def logout(request: Request) -> Response | Page:
    """Begin: GET, or a POST that is kept and answered by a redirect to ourselves."""
    if request.method == "POST":
        handle = secrets.token_urlsafe(16)
        ephemeral.put_sealed(POSTED, handle, dict(_once(request.form).values), KEPT_FOR)
        return redirect(f"{PATH}?posted={handle}")
    params = _params(request.query)
    session = current()
    asked = read(params, session)
    if session is None:
        return done(asked, [], [])
    if asked.names_session:
        return done(asked, sessions.end(session, reason="signed_out"), [session])
    context = {"submit_url": f"{PATH}/confirm", "hidden": _kept(asked), "client": _client(asked)}
    return Page("logout/confirm.html", context, form_action=asked.continue_to)


def confirmed(params: Params, *, everywhere: bool) -> Page | Response:
    """The person said yes: here, or on every device."""
    session = current()
    asked = _continue(params)
    if session is None:
        return done(asked, [], [])
    told = sessions.end(session, reason="signed_out")
    if everywhere:
        told += sessions.end_all(session.account_id, reason="signed_out_everywhere")
    return done(asked, told, [session])


def declined(params: Params) -> Response:
    """The person stays signed in; the portal is not told that anything happened."""
    asked = _continue(params)
    home = asked.client.record.home_uri if asked.client else ""
    return redirect(home or "/account/")


def current() -> Session | None:
    session = sessions.current()
    EPOCH.set(session.epoch if session else store.read_epoch(buckets.draw()))
    return session


def read(params: Params, session: Session | None) -> Asked:
    """Check who asks and where they may be sent; raises IdpError, never redirects."""
    values = params.values
    hint = _hint(values.get("id_token_hint", ""), values.get("client_id", ""))
    client_id = hint["aud"] if hint else values.get("client_id", "")
    client = find_client(client_id)
    uri = values.get("post_logout_redirect_uri", "")
    if uri and (client is None or hint is None or uri not in _registered(client)):
        raise UnregisteredLogoutRedirect
    state = {"state": values["state"]} if "state" in values else {}
    names = hint is not None and session is not None and _is_of(hint, client_id, session)
    return Asked(client, names, (with_params(uri, state) if state else uri) if uri else "")


def _is_of(hint: dict[str, str], client_id: str, session: Session) -> bool:
    return secrets.compare_digest(str(hint.get("sid", "")), session.sid_for(client_id))


def _hint(text: str, client_id: str) -> dict[str, str] | None:
    if not text:
        return None
    try:
        return hints.read(text, client_id)
    except (JoseError, ValueError):
        raise InvalidHint from None


def _registered(client: OAuthClient) -> tuple[str, ...]:
    return client.record.post_logout_redirect_uris


def done(asked: Asked, told: list[dict[str, str]], ended: list[Session]) -> Page | Response:
    """Signed out: tell the portals by frames, name them, and lead on.

    Without frames there is nothing to wait for: the browser goes on at once.
    """
    frames = [url for party in told if (url := _frame(party))]
    if asked.continue_to and not frames:
        return redirect(asked.continue_to)
    portals = [i18n.named(r) for p in told if (r := clients.find(p["client_id"], EPOCH.get()))]
    context = {
        "frames": frames,
        "portals": portals,
        "continue_url": asked.continue_to,
        "client": _client(asked),
        "signed_out": bool(ended),
    }
    return Page("logout/done.html", context, frames=tuple(frames), form_action=asked.continue_to)


def _frame(party: dict[str, str]) -> str:
    """Front-Channel Logout §2: the registered URI with ``iss`` and ``sid``."""
    found = clients.find(party["client_id"], EPOCH.get())
    if found is None or not found.frontchannel_logout_uri:
        return ""
    named = {"iss": services.settings.issuer, "sid": party["sid"]}
    return with_params(found.frontchannel_logout_uri, named)


def _client(asked: Asked) -> clients.Registration | None:
    return i18n.named(asked.client.record) if asked.client else None


def _kept(asked: Asked) -> dict[str, str]:
    """What the confirmation carries, as a handle: nothing on the page can be changed."""
    handle = secrets.token_urlsafe(16)
    value = {
        "client_id": asked.client.get_client_id() if asked.client else "",
        "continue_to": asked.continue_to,
    }
    ephemeral.put("logout-ask", handle, value, services.settings.sessions.interaction)
    return {"handle": handle}


def _continue(params: Params) -> Asked:
    kept = ephemeral.peek("logout-ask", params.values.get("handle", "")) or {}
    client = find_client(kept.get("client_id", ""))
    uri = kept.get("continue_to", "")
    if uri and (client is None or not _still_registered(client, uri)):
        uri = ""
    return Asked(client, names_session=False, continue_to=uri)


def _still_registered(client: OAuthClient, uri: str) -> bool:
    """To the letter, ``state`` apart: a registration may have changed while the page was open."""
    return any(
        uri == known or uri.startswith(with_params(known, {"state": ""}))
        for known in _registered(client)
    )


def _params(query: Params) -> Params:
    if handle := query.values.get("posted"):
        return Params(ephemeral.peek_sealed(POSTED, handle) or {})
    return _once(query)


def _once(params: Params) -> Params:
    if params.repeated or params.size > MAX_KEPT:
        raise MalformedRequest
    return params
