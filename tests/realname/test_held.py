"""Names that change hands while somebody else's answer is under way, or staff decide about them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import flask
import pytest

from idp import closing, guardians, handover, identities, merging, sessions
from idp.identities import Confirmed, HeldElsewhere
from idp.staff import Act
from idp.store import accounts, guardianships, merges, numbers
from idp.store import identities as store
from idp.store import sessions as started
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.identities import Person as Named
from idp.store.identities import Proof
from tests.oidc.actors import Person, proven
from tests.realname.test_guardians import CHILD, CHILD_NUMBER, mother, slip, together

__all__ = ["mother", "slip", "together"]
NAME, NUMBER = "张三", "11000019900307001X"
FACE = Proof("face", "tencent_face", "t", 3)
DOCUMENT = f"resident_id:{NUMBER}"


@pytest.fixture
def holder(wang: Person) -> Person:
    """Has shown a face for the document."""
    proven(wang, NAME, NUMBER, method="face", verifier="tencent_face", ial=3)
    return wang


def account_of(person: Person) -> Account:
    found = accounts.by_id(person.account_id)
    assert found is not None
    return found


def goes_to(app: flask.Flask, kept: Person, gone: Person) -> None:
    """Both accounts become one, elsewhere."""
    with app.app_context():
        merging.by_face(account_of(kept), gone.account_id, DOCUMENT, FACE, set())


def first(act: Callable[[], Any], then: Callable[..., Any]) -> Callable[..., Any]:
    """``then``, with ``act`` done once in the moment before."""
    left = [act]

    def made(*given: Any, **named: Any) -> Any:
        if left:
            left.pop()()
        return then(*given, **named)

    return made


def face_of(person: Person, name: str = NAME, number: str = NUMBER) -> None:
    who = Named(name, "resident_id", number, f"resident_id:{number}")
    identities.bind(account_of(person), Confirmed(who, FACE))


def stands(app: flask.Flask, person: Person) -> tuple[int, bool]:
    """The level of an account, and whether it has a name."""
    with app.app_context():
        return account_of(person).ial, store.of(person.account_id) is not None


def test_a_face_displaces_no_face_that_the_name_has_just_moved_to(
    app: flask.Flask,
    people: Callable[..., Person],
    holder: Person,
    li: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    third = people("zhao", "+8613800000009")
    merge = first(lambda: goes_to(app, li, holder), accounts.hold)
    with app.app_context():
        monkeypatch.setattr(accounts, "hold", merge)
        with pytest.raises(HeldElsewhere) as refused:
            face_of(third)
    assert refused.value.holder.account_id == li.account_id
    assert stands(app, li) == (3, True)
    assert stands(app, third) == (1, False)


@pytest.mark.parametrize("staff", [identities.take_away, lambda a, r: identities.lower(a, 1, r)])
def test_what_staff_decide_of_a_name_waits_for_it_to_stay_where_it_is(
    app: flask.Flask,
    holder: Person,
    li: Person,
    staff: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name went with a merge while they were at it: there is nothing here to decide about."""
    merge = first(lambda: goes_to(app, li, holder), accounts.hold)
    with app.app_context():
        monkeypatch.setattr(accounts, "hold", merge)
        with pytest.raises(identities.NoIdentity):
            staff(holder.account_id, "not_theirs")
    assert stands(app, li) == (3, True)


def test_a_face_that_a_child_shows_while_the_consent_is_withdrawn_counts_no_more(
    app: flask.Flask, together: Person, mother: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shows() -> None:
        with app.app_context():
            face_of(together, CHILD, CHILD_NUMBER)
        shown.append(True)

    shown: list[bool] = []
    with app.app_context():
        consent = guardianships.standing_of(together.account_id)
        assert consent is not None
        monkeypatch.setattr(accounts, "hold", first(shows, accounts.hold))
        guardians.withdraw(account_of(mother), consent.id)
    assert shown
    assert stands(app, together) == (1, True)


@pytest.fixture
def frozen(app: flask.Flask, holder: Person) -> Person:
    """The holder, whose number went, with a password."""
    with app.app_context():
        account = account_of(holder)
        account.username = account.username_key = None
        numbers.release(account, timedelta(0))
        db.session.commit()
    return holder


def test_who_comes_back_wakes_no_account_that_has_just_gone_into_another(
    app: flask.Flask, frozen: Person, li: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = first(lambda: goes_to(app, li, frozen), accounts.hold)
    with app.app_context():
        account = account_of(frozen)
        monkeypatch.setattr(accounts, "hold", hold)
        assert not numbers.restore(account)
        assert not account.active


def test_an_account_whose_holder_has_just_come_back_is_not_closed_and_erased(
    app: flask.Flask, frozen: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def comes_back() -> None:
        with app.app_context():
            assert numbers.restore(account_of(frozen))
            db.session.commit()

    with app.app_context():
        monkeypatch.setattr(accounts, "hold", first(comes_back, accounts.hold))
        assert not closing.close_if_due(frozen.account_id)
        assert account_of(frozen).active


def test_a_name_taken_away_while_its_holder_signs_in_is_in_no_session(
    app: flask.Flask, holder: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who ends every session has looked before this one was there."""

    def takes() -> None:
        with app.app_context():
            identities.take_away(holder.account_id, "not_theirs")

    monkeypatch.setattr(started, "start", first(takes, started.start))
    holder.opens("/account/").signs_in()
    with app.app_context():
        assert [each.level.ial for each in sessions.list_of(holder.account_id)] in ([], [1])
    assert stands(app, holder) == (1, False)


def test_a_number_handed_over_while_its_account_is_merged_leaves_the_merge_whole(
    app: flask.Flask, holder: Person, li: Person
) -> None:
    with app.app_context():
        gone = account_of(holder)
        goes_to(app, li, holder)
        handover.displace(gone)
        db.session.commit()
    with app.app_context():
        assert account_of(holder).status == merges.MERGED
        (merge,) = merges.of(li.account_id)
        merging.undo_for(merge.id, Act("g-1024", "not the same person"))
        assert account_of(holder).active
