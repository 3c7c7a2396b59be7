"""Showing a living face where nobody is signed in, or where the session is not enough."""

import flask

from idp import agreements, codes, faces, proofs
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.realname.base import Statement
from idp.realname.errors import VerifierAway
from idp.realname.words import AGREED
from idp.recovery.blueprint import FIELDS, bp, person, person_page
from idp.recovery.errors import NoAccountOfPerson, NoFaces, OtherPerson
from idp.store import accounts, identities
from idp.store.accounts import Account
from idp.store.engines import db
from idp.web import people
from idp.web.people import FIRST, Failed


@bp.get("/face")
def face() -> flask.Response:
    return _form(people.entered())


@bp.get("/face/check")
def address_of_the_person() -> flask.Response:
    return people.back_to("/recover/face")


@bp.post("/face/check")
def show_face() -> flask.Response:
    """Off to where the face is looked at, whether or not anybody of that name has an account."""
    interaction = people.entered()
    try:
        codes.guard(people.form(), people.here())
        url = faces.begin(interaction, person(), "/recover/face/back", people.here())
    except IdpError as error:
        return _form(interaction, people.failed(error, *FIELDS))
    # A page, not a redirect: browsers would not follow our form to another host.
    return people.page("redirecting.html", interaction, client=None, continue_url=url)


@bp.get("/face/back")
def back() -> flask.Response:
    interaction = people.entered()
    try:
        shown = faces.seen(interaction, flask.request.args.to_dict(), people.here())
        account = _account(interaction, shown)
    except VerifierAway as error:
        return _form(interaction, _typed(interaction, error), flask.request.full_path)
    except IdpError as error:
        return _form(interaction, _typed(interaction, error))
    agreements.accept(account.id, (agreements.realname(),))
    db.session.commit()
    return people.go(proofs.keep_face(interaction, account).url(_next(interaction)))


def _bound(interaction: Interaction) -> str:
    """The one account whose person is to show their face on this way; "" for whosever it is."""
    return interaction.result.get("unproven") or interaction.account_id


def _next(interaction: Interaction) -> str:
    """The page that asked for the face."""
    if interaction.result.get("unproven"):
        return "/login/number/face"
    if interaction.reason == "phone":
        return "/account/phone"
    return "/login/secure/face" if interaction.account_id else "/recover/number"


def _account(interaction: Interaction, shown: Statement) -> Account:
    """Whose face it was. Raises OtherPerson or NoAccountOfPerson, to who has shown theirs."""
    bound = _bound(interaction)
    identity = identities.of(bound) if bound else identities.having(shown.document.key)
    if not faces.is_of(identity, shown):
        raise OtherPerson if bound else NoAccountOfPerson
    account = accounts.by_id(identity.account_id) if identity else None
    if account is None:
        raise NoAccountOfPerson
    return account


def _typed(interaction: Interaction, error: IdpError) -> Failed:
    """The form again with what was stated before the face was looked at."""
    stated = faces.under_way(interaction)
    if stated is None:
        return Failed(error)
    document = stated.document
    values = {"real_name": stated.name, "id_type": document.kind, "id_number": document.number}
    return Failed(error, values)


def _form(interaction: Interaction, failed: Failed = FIRST, again_url: str = "") -> flask.Response:
    """``again_url``: where to ask once more how a journey went, without another one."""
    compared = faces.way()
    if compared is None:
        raise NoFaces
    bound = bool(_bound(interaction))
    return person_page(
        "recovery/face.html",
        interaction,
        failed,
        compared.documents,
        submit_url=interaction.url("/recover/face/check"),
        place="face",
        agreed=AGREED["face"],
        again_url=again_url,
        bound=bound,
        back_url=interaction.url(_start(interaction)),
        hall_url="" if bound else interaction.url("/recover/hall"),
    )


def _start(interaction: Interaction) -> str:
    if interaction.result.get("unproven"):
        return "/login/number"
    if interaction.reason == "phone":
        return "/account/phone"
    return "/login/" if interaction.account_id else "/recover/"
