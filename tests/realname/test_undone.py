"""What a merge leaves behind once it was undone: nothing that nobody ends."""

from collections.abc import Callable
from datetime import timedelta

import flask
import pytest
import time_machine

from idp import cases, guardians, mandates, merging
from idp.mandates import Terms
from idp.signals import deliveries
from idp.store import guardianships, merges, numbers
from idp.store.accounts import CLOSED, FROZEN
from idp.store.engines import db
from tests.oidc.actors import Person
from tests.organisations.acting import account_of
from tests.realname.test_guardians import CHILD, CHILD_NUMBER
from tests.realname.test_hall import OFFICER, takes_slip
from tests.realname.test_held import goes_to, holder, stands
from tests.realname.test_merging import BY

__all__ = ["holder"]


def test_what_a_name_was_mandated_to_does_not_stay_where_it_was_merged_to(
    app: flask.Flask, holder: Person, li: Person
) -> None:
    """A fraudster who had the account for a week represents nobody by its name any more."""
    goes_to(app, li, holder)
    with app.app_context():
        found = mandates.Found("91110000MA00000077", "甲有限公司", "enterprise", "test", "t-1")
        mine = mandates.represent(account_of(li), found).id
        mandates.offer(account_of(li), mine, ("李四", "+8613800000007"), Terms(["tax"]))
        (merge,) = merges.of(li.account_id)
        merging.undo_for(merge.id, BY)
        assert mandates.in_force(li.account_id) == []
        mandates.represent(account_of(holder), found)


def test_an_account_frozen_before_it_was_merged_closes_after_it_was_undone(
    app: flask.Flask, holder: Person, li: Person
) -> None:
    with app.app_context():
        account = account_of(holder)
        account.username = account.username_key = None
        numbers.release(account, timedelta(days=30))
        db.session.commit()
    with time_machine.travel(timedelta(days=28)):
        goes_to(app, li, holder)
    with app.app_context(), time_machine.travel(timedelta(days=31)):
        while deliveries.deliver_due():
            """The worker passes by."""
        (merge,) = merges.of(li.account_id)
        merging.undo_for(merge.id, BY)
        assert account_of(holder).status == FROZEN
        while deliveries.deliver_due():
            """What was promised anew."""
        db.session.expire_all()
        assert account_of(holder).status == CLOSED


def test_consents_given_by_a_name_that_was_merged_end_when_it_goes_back(
    app: flask.Flask, holder: Person, li: Person, people: Callable[..., Person]
) -> None:
    child = people("child", "+8613800000008").opens("/account/").signs_in()
    code = takes_slip(child, CHILD, CHILD_NUMBER)
    goes_to(app, li, holder)
    with app.app_context():
        guardians.agree(account_of(li), code, CHILD, "parent")
        cases.decide(code, OFFICER, cases.CONFIRMED, "")
        (merge,) = merges.of(li.account_id)
        merging.undo_for(merge.id, BY)
        assert guardianships.standing_of(child.account_id) is None


def test_a_merge_is_not_undone_under_one_that_came_after_it(
    app: flask.Flask, holder: Person, li: Person, people: Callable[..., Person]
) -> None:
    """The name has gone on: the later one is undone first."""
    third = people("zhao", "+8613800000009")
    goes_to(app, li, holder)
    goes_to(app, third, li)
    with app.app_context():
        (later,) = merges.of(third.account_id)
        (before,) = (each for each in merges.of(li.account_id) if each.kept_id == li.account_id)
        with pytest.raises(merging.UndoTheLaterFirst):
            merging.undo_for(before.id, BY)
    assert stands(app, third) == (3, True)
    with app.app_context():
        merging.undo_for(later.id, BY)
        merging.undo_for(before.id, BY)
    assert stands(app, holder) == (3, True)
    assert stands(app, third) == (1, False)
