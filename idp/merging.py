"""Making two accounts of one person one, when both are known to be the same person's (DESIGN §3).

What both prove is who is there: a face for each of them, or a fresh sign-in to each with two
factors. Nothing is deleted, and for a week all of it can be undone.
"""

import time
from dataclasses import dataclass
from datetime import timedelta

from idp import identities, joining, levels, notices, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.joining import Seen
from idp.mandates import ending
from idp.staff import Act
from idp.store import accounts, numbers
from idp.store import identities as people
from idp.store import merges as store
from idp.store.accounts import ACTIVE, CLOSED, FROZEN, Account
from idp.store.engines import db
from idp.store.identities import Proof
from idp.store.merges import Merge
from idp.store.outbox import OutboxMessage

UNDO_FOR = timedelta(days=7)


class NotMergeable(IdpError):
    """The other account is not there any more, or is not known to be this person's."""

    code = "HT-4116"
    message = N_("两个账号现在不能合并。")
    next_step = N_("请返回重新操作；仍不能合并的，请携带证件到政务服务大厅办理。")
    status = 409


class TooLateToUndo(IdpError):
    """The week is over, or it was undone already."""

    code = "HT-4117"
    message = N_("合并已不能撤销。")
    next_step = N_("撤销期为合并后 7 天；如有疑问，请到政务服务大厅办理。")
    status = 409


class UndoTheLaterFirst(IdpError):
    """The account that stayed went into another one since, and all that was moved with it."""

    code = "HT-4114"
    message = N_("合并后的账号又并入了另一个账号。")
    next_step = N_("请先撤销后一次合并 %(merge)s，再撤销这一次。")
    status = 409


@dataclass(frozen=True)
class Both:
    """Two accounts, each as it was shown to be the person's; ``gone`` goes into ``kept``."""

    kept: Seen
    gone: Seen


@dataclass(frozen=True)
class Done:
    """A merge, and the end it promises to every session of the account that stays
    (``sessions.spare``).
    """

    merge: Merge
    promise: OutboxMessage


def by_face(kept: Account, gone_id: str, document: str, proof: Proof, prefer: set[str]) -> Done:
    """Merge into ``kept``, whose person has just shown a face for ``document``, the account that
    was given the same document by a face of its own. Commits. Raises NotMergeable.

    ``prefer``: sectors that go on knowing the person by the other account's ``sub``.
    """
    gone = _holder(kept, gone_id, document, lost=True)
    if min(proof.ial, levels.regraded(gone)) < levels.FACE:
        raise NotMergeable
    return _merge(kept, gone, proof, prefer)


def by_sign_in(both: Both, document: str, proof: Proof, prefer: set[str]) -> Done:
    """Merge two accounts that one person has just signed in to, with two factors each; one was
    to be given ``document``, the other has it. Commits. Raises NotMergeable.
    """
    kept = accounts.by_id(both.kept.account_id)
    shown = min(joining.level(both.kept), joining.level(both.gone))
    if kept is None or shown < joining.ENOUGH:
        raise NotMergeable
    return _merge(kept, _holder(kept, both.gone.account_id, document), proof, prefer)


def _holder(kept: Account, gone_id: str, document: str, *, lost: bool = False) -> Account:
    """The account that has ``document``, while ``kept`` has none; both are held from here on, so
    that of two tabs one is told. Raises NotMergeable.

    ``lost``: it may be one that is frozen since its number went, and nobody can sign in to.
    """
    if gone_id == kept.id:
        raise NotMergeable
    held = {each.id: each for each in accounts.hold(kept.id, gone_id)}
    identity = people.of(gone_id)
    if gone_id not in held or identity is None:
        raise NotMergeable
    states = (ACTIVE, FROZEN) if lost else (ACTIVE,)
    if not kept.active or held[gone_id].status not in states:
        raise NotMergeable
    if identity.document != document or people.of(kept.id) is not None:
        raise NotMergeable
    return held[gone_id]


def _merge(kept: Account, gone: Account, proof: Proof, prefer: set[str]) -> Done:
    numbers = {number for number in (kept.phone, gone.phone) if number}
    made = store.merge(kept, gone, prefer, UNDO_FOR)
    identity = people.of(kept.id)
    if identity is None:  # displaced in this very moment
        db.session.rollback()
        raise NotMergeable
    people.add_evidence(identity, proof)
    people.grade(kept, identity)
    people.grade(gone, None)
    moved = tuple(made.moved["cases"])
    # Portals know the person by other names now: whatever spoke for the old ones ends.
    over = sessions.promise(sessions.Ending(kept.id, "merged", time.time(), keep_offline=False))
    merged = events.AccountsMerged(account=kept.id, target=gone.id, merge=made.id, cases=moved)
    audit.record(merged)
    for number in numbers:
        notices.tell(kept, "accounts_merged", number)
    _close(gone.id)
    return Done(made, over)


def undo(kept: Account, merge_id: str) -> Merge:
    """Take a merge into ``kept`` back, at its holder's wish; see ``Merge.lost``. Commits.

    Raises TooLateToUndo.
    """
    merge = db.session.get(Merge, merge_id)
    if merge is None or merge.kept_id != kept.id:
        raise TooLateToUndo
    return _undo(merge, None)


def undo_for(merge_id: str, act: Act) -> Merge:
    """The same by somebody of the staff, for who can reach neither account. Commits.

    Raises TooLateToUndo or UndoTheLaterFirst.
    """
    merge = db.session.get(Merge, merge_id)
    if merge is None:
        raise TooLateToUndo
    return _undo(merge, act)


def _undo(merge: Merge, act: Act | None) -> Merge:
    """Every session of the account that stayed ends: portals know both by other names now. What it
    was given since by the name that leaves it ends too.
    """
    kept, gone = accounts.hold(merge.kept_id, merge.gone_id)
    db.session.refresh(merge)
    later = [each.id for each in store.of(kept.id) if each.gone_id == kept.id and each.undoable]
    if later and kept.status == store.MERGED:
        raise UndoTheLaterFirst(merge=later[0])
    reachable = kept.active or (act is not None and kept.status not in {CLOSED, store.MERGED})
    if not merge.undoable or not reachable or gone.status != store.MERGED:
        raise TooLateToUndo
    store.undo(merge, kept, gone)
    for account in (kept, gone):
        people.grade(account, people.of(account.id))
    if gone.status == FROZEN:
        numbers.go_on(gone)
    named = people.of(kept.id) is not None
    endings = [] if named else identities.end_what_follows(kept.id, "merge_undone")
    audit.record(
        events.MergeUndone(
            account="" if act else kept.id,
            target=gone.id,
            merge=merge.id,
            officer=act.officer if act else "",
            reason=act.reason if act else "",
        )
    )
    for number in {each.phone for each in (kept, gone) if each.phone}:
        notices.tell(kept, "merge_undone", number)
    sessions.end_all(kept.id, reason="merge_undone", keep_offline=False)
    ending.settle(endings)
    return merge


def _close(account_id: str) -> None:
    """Commit, and end whatever of the account is still open."""
    sessions.end_all(account_id, reason="merged", keep_offline=False)
