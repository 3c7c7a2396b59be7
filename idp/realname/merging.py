"""Making two accounts one: showing that both are the person's, and what stays of which."""

from hashlib import sha256
from types import SimpleNamespace
from urllib.parse import quote

import flask

from idp import interactions, joining, merging, sessions
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.joining import ENOUGH, Seen
from idp.merging import Both, NotMergeable
from idp.realname.blueprint import CONTESTED, bp, entered, page, raised
from idp.realname.conflict import contested, two_faces
from idp.realname.errors import NotTheHolder, SecondFactorMissing
from idp.services import services
from idp.sessions import SessionGone
from idp.store import clients, merges
from idp.web import i18n, people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me, mine


@bp.get("/join")
def join() -> flask.Response:
    """How far the fresh sign-in to both accounts is; with both done, on to merging."""
    interaction = entered()
    holder, _ = contested(interaction)
    seen = _other()
    if seen is not None and _shown(seen) and _shown(_this()):
        if seen.account_id == holder:
            return people.go(_url(interaction, "/realname/merge"))
        return _steps(interaction, Failed(NotTheHolder()))
    return _steps(interaction)


@bp.post("/join")
def go_on() -> flask.Response:
    """To the next proof that is missing; nobody is sent where nothing can be proved."""
    interaction = entered()
    contested(interaction)
    if not _shown(_this()):
        return _proves_this(interaction)
    return_to = f"{interaction.url('/realname/join')}&j={{id}}"
    return people.go(joining.open_(return_to, interaction.client).url("/login/"))


@bp.get("/merge")
def merge() -> flask.Response:
    """What becomes of portals that know both accounts is the person's to choose."""
    interaction = entered()
    holder, confirmed = contested(interaction)
    if _both(holder) is None and not two_faces(holder, confirmed):
        return people.go(interaction.url("/realname/conflict"))
    return _merge(interaction, holder)


@bp.post("/merge")
def merge_now() -> flask.Response:
    interaction = entered()
    holder, confirmed = contested(interaction)
    twice = merges.known_twice(me().id, holder)
    prefer = {sector for sector in twice if people.text(_field(sector)) == "other"}
    document, proof, both = confirmed.person.document, confirmed.proof, _both(holder)
    try:
        if both is not None:
            done = merging.by_sign_in(both, document, proof, prefer)
        else:
            done = merging.by_face(me(), holder, document, proof, prefer)
    except NotMergeable as error:
        return _merge(interaction, holder, people.failed(error))
    interaction = interactions.note(interaction, **{CONTESTED: None})
    try:
        flask.g.account_session = sessions.act(mine(), me(), mine().acting)
    except SessionGone:  # signed out in another tab; what was promised ends the rest
        return people.go(interaction.url("/login/"))
    sessions.spare(done.promise, mine().id)
    return raised(interaction, proof.ial if both is None else 0, "merged")


def _this() -> Seen:
    return joining.of_session(mine())


def _other() -> Seen | None:
    """The other account, as far as it was proved on the way this address names."""
    named = flask.request.args.get("j", "")
    return joining.of(interactions.find(named)) if named else None


def _both(holder: str) -> Both | None:
    """Both accounts where the other one is ``holder`` and both were shown well enough."""
    seen = _other()
    if seen is None or seen.account_id != holder or not (_shown(seen) and _shown(_this())):
        return None
    return Both(_this(), seen)


def _shown(seen: Seen) -> bool:
    return joining.level(seen) >= ENOUGH


def _proves_this(interaction: Interaction) -> flask.Response:
    """Anew where something was proved too long ago, since that counts no more; else one more."""
    if joining.within_reach(me().id) < ENOUGH:
        return _steps(interaction, Failed(SecondFactorMissing()))
    seen = _this()
    reason = "step_up" if joining.fresh(seen) == {*seen.proofs} else interactions.REAUTHENTICATE
    back = _url(interaction, "/realname/join")
    opened = interactions.open_(back, reason=reason, account_id=me().id, client=interaction.client)
    return people.go(opened.url("/login/"))


def _steps(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    """A second factor that the other account lacks is said to who has proved its first."""
    seen = _other()
    if failed.error is None and seen is not None and not _shown(seen):
        failed = Failed(_lacking(seen))
    return page(
        "realname/join.html",
        interaction,
        failed,
        form=people.fields(failed, submit_url=_url(interaction, "/realname/join")),
        this=_shown(_this()),
        minutes=int(services.settings.login.fresh.total_seconds() // 60),
        conflict_url=interaction.url("/realname/conflict"),
    )


def _lacking(seen: Seen) -> IdpError | None:
    return SecondFactorMissing() if joining.within_reach(seen.account_id) < ENOUGH else None


def _merge(interaction: Interaction, holder: str, failed: Failed = FIRST) -> flask.Response:
    choices = [
        SimpleNamespace(name=_field(sector), portals=_portals(sector))
        for sector in merges.known_twice(me().id, holder)
    ]
    form = people.fields(failed, submit_url=_url(interaction, "/realname/merge"))
    return page("realname/merge.html", interaction, failed, form=form, choices=choices)


def _field(sector: str) -> str:
    """The same whatever else is on the page: another tab may add a portal."""
    return f"stay_{sha256(sector.encode()).hexdigest()[:12]}"


def _portals(sector: str) -> str:
    """The names of the relying parties that share a sector."""
    found = [each for each in clients.all_clients() if clients.sector_of(each) == sector]
    return "、".join(i18n.named(each).name for each in found) or sector


def _url(interaction: Interaction, path: str) -> str:
    """With the way by which the other account was proved, where there is one."""
    named = flask.request.args.get("j", "")
    return f"{interaction.url(path)}&j={quote(named)}" if named else interaction.url(path)
