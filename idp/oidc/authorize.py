"""The authorization endpoint (RFC 6749 §3.1, OIDC Core §3.1.2).

Phases: who asks and where the answer may go — until then every failure is a page of ours;
the rules of the request; why a page must be shown first; the code. A POST is kept and
answered by a redirect to ourselves, because only a GET from another site brings the
session's cookie (SameSite=Lax).
"""

import secrets
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError
from joserfc.errors import JoseError

from idp import consents, homes, interactions, represented, sessions
from idp.assurance import Level
from idp.broker.asking import HOME, LINK
from idp.broker.asking import PATH as PATH_OF_NODES
from idp.errors import IdpError
from idp.interactions import ClientHint, Interaction
from idp.oidc import checks, hints, issuing, prompts, pushed, request_objects
from idp.oidc.adapters import EPOCH, OAuthClient, OAuthRequest, find_client
from idp.oidc.checks import Wanted
from idp.oidc.claims import ClaimsRequest
from idp.oidc.errors import (
    KeysOutOfReach,
    MalformedRequest,
    RequestExpired,
    UnknownClient,
    UnregisteredRedirect,
    UnsignedRequest,
)
from idp.oidc.federation import registering
from idp.oidc.http import (
    KEPT_FOR,
    MAX_KEPT,
    FormPost,
    Params,
    Request,
    Response,
    redirect,
    with_params,
)
from idp.oidc.ida import asking
from idp.oidc.prompts import Granted, Hinted, Prompt, Situation
from idp.oidc.server import server
from idp.services import services
from idp.sessions import Session
from idp.store import accounts, buckets, clients, ephemeral
from idp.store import grants as store
from idp.store.engines import db
from idp.web.dress import HINT

PATH = "/oauth/authorize"
POSTED = "authorize-post"
PUSHED = "pushed"
"""Where an interaction remembers the ``request_uri`` it began with."""
TRIES = 5
"""Two tabs may change one session at once; each then decides again."""


class Asked(NamedTuple):
    """An authorization request whose client and redirect URI are verified."""

    params: Params
    client: OAuthClient
    interaction: Interaction | None
    signed: bool = False
    """Whether all of it stood under the client's own signature (RFC 9101)."""
    pushed: str = ""
    """The ``request_uri`` by which the client has sent the request itself (RFC 9126)."""

    @property
    def redirect_uri(self) -> str:
        return self.params.values["redirect_uri"]


def authorize(request: Request) -> Response | FormPost:
    """Send the browser back with a code, once somebody is signed in and has agreed.

    Raises IdpError for whatever a relying party may not be told.
    """
    if request.method == "POST":
        return _keep(request.form)
    params, interaction, uri = _find(request.query)
    if interaction is not None and interaction.result.get("done"):
        return redirect(interaction.url("/login/"))
    session = _session_and_epoch()
    _meet(params)
    signed = request_objects.is_signed(params.values.get("request", ""))
    if signed:
        params = _opened(params)
    asked = verify(params, interaction, pushed_as=uri)._replace(signed=signed)
    for _ in range(TRIES):
        try:
            return _answer(asked, session)
        except OAuth2Error as error:
            return _refuse(asked, error)
        except issuing.SessionChanged:
            session = sessions.refresh()
    return _refuse(asked, OAuth2Error(error="temporarily_unavailable"))


def at_once(request: Request) -> Response | None:
    """The code, where nobody has to be asked or told anything; None leaves it to ``authorize``.

    Whatever is refused here is decided again there, so that each failure is answered once.
    """
    if request.query.values.keys() & {"resume", "posted", "response_mode", "request"}:
        return None
    session = _standing(sessions.current())
    if session is None:
        return None
    EPOCH.set(session.epoch)
    try:
        params, uri = _named(request.query)
        if "response_mode" in params.values:
            return None
        asked = verify(params, pushed_as=uri)
        decision = _decide(asked, session)
        if decision.prompt is not None:
            return None
        given = _issue(asked, session, decision)
    except (IdpError, OAuth2Error, issuing.SessionChanged):
        return None
    return given if isinstance(given, Response) else None


def verify(params: Params, interaction: Interaction | None = None, *, pushed_as: str = "") -> Asked:
    """Who asks, and whether the answer may go where it says. Nothing is sent before this."""
    if params.repeated & {"client_id", "redirect_uri"} or params.size > MAX_KEPT:
        raise MalformedRequest
    client = find_client(params.values.get("client_id", ""))
    if client is None:
        raise UnknownClient
    if not client.check_redirect_uri(params.values.get("redirect_uri", "")):
        raise UnregisteredRedirect
    return Asked(params, client, interaction, pushed=pushed_as)


def _standing(session: Session | None) -> Session | None:
    """The session, as far as the node that began it is trusted now; None once it is not."""
    if session is None or session.home is None:
        return session
    level = homes.stands_for(session.home)
    return session.under(level) if level else None


def _session_and_epoch() -> Session | None:
    begun = sessions.current()
    session = _standing(begun)
    if begun is not None and session is None:
        sessions.end(begun, reason="home_not_trusted", keep_offline=False)
    EPOCH.set(session.epoch if session else store.read_epoch(buckets.draw()))
    return session


def _meet(params: Params) -> None:
    """Whom nobody here knows may be an entity of the federation. Raises IdpError."""
    client_id = params.values.get("client_id", "")
    if "://" in client_id and find_client(client_id) is None:
        registering.meet(client_id, params.values.get("request", ""))
        EPOCH.set(store.read_epoch(buckets.draw()))  # they may be on record now


def _keep(form: Params) -> Response | FormPost:
    """Verified first, so that strangers cannot fill our memory."""
    if pushed.named_by(form):
        names = ("client_id", "request_uri")
        return redirect(with_params(PATH, {n: form.values[n] for n in names if n in form.values}))
    _session_and_epoch()
    _meet(form)
    if request_objects.is_signed(form.values.get("request", "")):
        return _keep_signed(form)
    asked = verify(form)
    try:
        checks.no_parameter_is_repeated(form, asked.client.record)
    except OAuth2Error as error:
        return _refuse(asked, error)
    handle = secrets.token_urlsafe(16)
    ephemeral.put_sealed(POSTED, handle, dict(form.values), KEPT_FOR)
    return redirect(f"{PATH}?posted={handle}")


def _keep_signed(form: Params) -> Response:
    """Where it leads stands under the signature, which is looked at once: when it is used."""
    if form.repeated or form.size > MAX_KEPT:
        raise MalformedRequest
    if find_client(form.values.get("client_id", "")) is None:
        raise UnknownClient
    handle = secrets.token_urlsafe(16)
    ephemeral.put_sealed(POSTED, handle, dict(form.values), KEPT_FOR)
    return redirect(f"{PATH}?posted={handle}")


def _opened(params: Params) -> Params:
    """What stands inside the request object. Raises IdpError: where it says the answer goes is
    nobody's word before its signature is good.
    """
    if params.repeated or params.size > MAX_KEPT:
        raise MalformedRequest
    client = find_client(params.values.get("client_id", ""))
    if client is None:
        raise UnknownClient
    try:
        return request_objects.opened(params, client)
    except OAuth2Error as error:
        unknown = error.error == "temporarily_unavailable"
        raise (KeysOutOfReach if unknown else UnsignedRequest) from error


def _find(query: Params) -> tuple[Params, Interaction | None, str]:
    if resume := query.values.get("resume"):
        interaction = interactions.find(resume)
        return Params(interaction.request), interaction, interaction.hints.get(PUSHED, "")
    if handle := query.values.get("posted"):
        kept = ephemeral.peek_sealed(POSTED, handle)
        if kept is None:
            raise RequestExpired
        return Params(kept), None, ""
    params, uri = _named(query)
    return params, None, uri


def _named(query: Params) -> tuple[Params, str]:
    """The request itself, or the one it names."""
    uri = pushed.named_by(query)
    return (pushed.read(query), uri) if uri else (query, "")


class _Decision(NamedTuple):
    """What was asked for, and the page that must come first, if any."""

    prompt: Prompt | None
    level: Level | None
    """What the page is to reach, or the person later on the way."""
    wanted: Wanted
    granted: "_Lookup"
    grant: Any


def _answer(asked: Asked, session: Session | None) -> Response | FormPost:
    decision = _decide(asked, session)
    if decision.prompt is not None:
        return _show(asked, decision.prompt, decision, session)
    if session is None:
        raise AssertionError("the first prompt asks for one")
    return _issue(asked, session, decision)


def _decide(asked: Asked, session: Session | None) -> _Decision:
    """Whether a page comes first. Raises OAuth2Error; writes nothing."""
    record, resumed = asked.client.record, asked.interaction is not None
    if record.require_pushed_authorization_requests and not asked.pushed:
        raise InvalidRequestError("The request has to be pushed")
    if record.proves_requests and not (asked.signed or asked.pushed or resumed):
        raise InvalidRequestError("The request has to be signed")
    grant, wanted = read(asked.params, asked.client)
    if wanted.organisation:
        acts = session is not None and prompts.acts_here(session, asked.client.record, time.time())
        wanted = wanted.of_an_organisation() if acts else wanted.of_oneself()
    if asked.interaction is not None and asked.interaction.result.get("denied"):
        raise AccessDeniedError
    granted = _Lookup(asked.client.record, session, wanted)
    now = Situation(
        client=asked.client.record,
        wanted=wanted,
        session=session,
        interaction=asked.interaction,
        hinted=_hinted(wanted, asked.client.get_client_id()),
        granted=granted,
        moment=time.time(),
    )
    prompt = prompts.first(now)
    level = prompts.missing(now) if prompt is not None and prompt.raises else wanted.least
    return _Decision(prompt, level, wanted, granted, grant)


def _issue(asked: Asked, session: Session, decided: _Decision) -> Response | FormPost:
    """Send the code. Raises SessionChanged when somebody else changed the session meanwhile."""
    given = decided.granted.settled()
    value = _code(asked, decided.wanted, session, given)
    told_whom = {"whom": True} if decided.wanted.organisation else {}
    code = decided.grant.issue(session, given.value() | told_whom, value)
    if asked.pushed:
        pushed.use(asked.pushed)
    if asked.interaction is not None:
        interactions.finish(asked.interaction)
    return _send(asked, {"code": code})


def read(params: Params, client: OAuthClient) -> tuple[Any, Wanted]:
    """The grant that a request asks for, and what it wants. Raises OAuth2Error."""
    checks.check(params, client.record)
    request = OAuthRequest(Request("GET"), params)
    grant = server.get_authorization_grant(request)
    grant.validate_authorization_request()
    return grant, checks.read(params.values, client.record, request.scope)


class _Lookup:
    """What this client has been granted: from the session when warm, else from SQL, once."""

    def __init__(self, client: clients.Registration, session: Session | None, wanted: Wanted):
        self.client, self.session, self.wanted = client, session, wanted
        self.found: Granted | None = None
        self.is_warm = False

    def __call__(self) -> Granted:
        if self.found is None:
            self.found = self._warm() or self._cold()
        return self.found

    def settled(self) -> Granted:
        """The same, once nothing stands in the way: what a statute discloses is put on record,
        and a ``sub`` made for this is there to stay.
        """
        found = self()
        if self.session is not None and not self.is_warm:
            if self.client.statutory:
                consents.give(
                    self.session.account_id, self.client, self._asked(), self.session.acting_for
                )
            else:
                db.session.commit()
        return found

    def _asked(self) -> frozenset[str]:
        return self.client.tellable(self.wanted.all_claims)

    def _warm(self) -> Granted | None:
        kept = self.session.stored.grant(self.client.client_id) if self.session else None
        basis = self.client.legal_basis
        if kept is None or kept.get("basis") != basis or not self._asked() <= set(kept["claims"]):
            return None
        self.is_warm = True
        return Granted(kept["sub"], self.client.tellable(kept["claims"]), known=True, basis=basis)

    def _cold(self) -> Granted:
        if self.session is None:
            return Granted("", frozenset(), known=False)
        account_id, client = self.session.account_id, self.client
        sub, basis = accounts.subject(account_id, clients.sector_of(client)), client.legal_basis
        if client.statutory:
            return Granted(sub, self._asked(), known=True, basis=basis)
        found = consents.granted(account_id, client)
        return Granted(sub, found or frozenset(), known=found is not None, basis=basis)


def _hinted(wanted: Wanted, client_id: str) -> Hinted:
    """Whom the request is about; a hint we did not issue to this client is an error."""
    if not wanted.id_token_hint:
        return Hinted(wanted.sub)
    try:
        hint = hints.read(wanted.id_token_hint, client_id)
    except (JoseError, ValueError):
        raise OAuth2Error("id_token_hint is not valid", error="invalid_request") from None
    if wanted.sub not in {"", hint["sub"]}:
        raise OAuth2Error("id_token_hint and claims name two people", error="invalid_request")
    return Hinted(hint["sub"], represented.whom(hint))


def _show(asked: Asked, prompt: Prompt, decision: _Decision, session: Session | None) -> Response:
    """Send the person to a page, which will send them back to us."""
    if "none" in decision.wanted.prompt:
        raise prompt.error
    account_id = session.account_id if session and prompt.same_person else ""
    if asked.interaction is not None:
        # Whom the person acts for decides what there is to agree to.
        interaction = interactions.change(
            asked.interaction,
            reason=prompt.reason,
            account_id=account_id,
            hints=_hints(asked, decision),
        )
        return redirect(interaction.url(prompt.page))
    interaction = interactions.open_(
        f"{PATH}?resume={{id}}",
        reason=prompt.reason,
        account_id=account_id,
        client=_hint(asked),
        hints=_hints(asked, decision),
        request=dict(asked.params.values),
    )
    return redirect(interaction.url(prompt.page))


def _hint(asked: Asked) -> ClientHint:
    record = asked.client.record
    parts = urlsplit(asked.redirect_uri)
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    home = record.initiate_login_uri or record.home_uri
    return ClientHint(record.client_id, record.name, home, origin, record.name_en)


def _hints(asked: Asked, decision: _Decision) -> dict[str, str]:
    named: tuple[str, ...] = ("login_hint", "ui_locales", "display")
    if asked.client.record.federated:
        named += (PATH_OF_NODES, HOME)
    found = {name: asked.params.values[name] for name in named if name in asked.params.values}
    if dress := asked.client.record.dress or (
        asked.client.record.federated and asked.client.get_client_id()
    ):
        found[HINT] = dress
    found["claims"] = " ".join(sorted(decision.wanted.all_claims))
    if decision.level is not None:
        found["acr"] = decision.level.acr
    if asked.pushed:
        found[PUSHED] = asked.pushed
    return found


def _code(asked: Asked, wanted: Wanted, session: Session, granted: Granted) -> dict[str, Any]:
    """What the code stands for; the family it bears remembers most of it."""
    client_id, claims = asked.client.get_client_id(), wanted.claims
    scope = [s for s in wanted.scope.split() if s != "offline_access" or _offline(asked, granted)]
    value = {
        "client_id": client_id,
        "account": session.account_id,
        "sid": session.sid,
        "rp_sid": session.sid_for(client_id),
        "sub": granted.sub,
        "redirect_uri": asked.redirect_uri,
        "scope": " ".join(scope),
        "nonce": wanted.nonce,
        "challenge": wanted.challenge,
        "auth_time": session.auth_time,
        "amr": list(session.methods),
        "acr": session.acr,
        "ui": [name for name in wanted.userinfo_claims if name in granted.claims],
        "idt": [name for name in claims.id_token if name in granted.claims],
        "basis": granted.basis,
    }
    if session.acting is not None:
        value["acting"] = list(session.acting)
    if asked.client.record.federated and session.home is not None:
        value["home"] = [session.home.authority, session.home.most]
    if _may_link(asked, session, granted):
        value["link"] = True
    if claims.verified_userinfo or claims.verified_id_token:
        _add_verified(value, claims, granted)
    return value


def _may_link(asked: Asked, session: Session, granted: Granted) -> bool:
    """Whether another node is to be told by which handle it may know the person: it asks, they
    agreed to be known to it by their verified name, and this node has seen them itself.
    """
    wants = bool(asked.client.record.federated and asked.params.values.get(LINK))
    return wants and asking.WHOLE in granted.claims and session.home is None


def _add_verified(value: dict[str, Any], claims: ClaimsRequest, granted: Granted) -> None:
    """The requests for verified claims, as far as they were agreed to."""
    asked = {"ui": claims.verified_userinfo, "idt": claims.verified_id_token}
    for member, request in asked.items():
        left = asking.allowed(request, granted.claims)
        if left and asking.WHOLE in granted.claims:
            value[member] = list(dict.fromkeys((*value[member], asking.WHOLE)))
            value.setdefault("verified", {})[member] = left


def _offline(asked: Asked, granted: Granted) -> bool:
    """Core §11: consented to, and the client can use it."""
    return "offline_access" in granted.claims and asked.client.check_grant_type("refresh_token")


def _refuse(asked: Asked, error: OAuth2Error) -> Response | FormPost:
    """Tell the relying party; its redirect URI is verified."""
    told = {"error": error.error}
    if description := error.get_error_description():
        told["error_description"] = description
    return _send(asked, told)


def _send(asked: Asked, answer: dict[str, str]) -> Response | FormPost:
    """RFC 6749 §4.1.2 with ``iss`` (RFC 9207), by the response mode asked for."""
    answer["iss"] = services.settings.issuer
    if state := asked.params.values.get("state"):
        answer["state"] = state
    if asked.params.values.get("response_mode") == "form_post":
        return FormPost(asked.redirect_uri, answer)
    return redirect(with_params(asked.redirect_uri, answer))
