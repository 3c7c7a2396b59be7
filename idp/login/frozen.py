"""Who may go on with a frozen account: more than has the number, wherever there is more."""

from idp import assurance, faces, freezing, proofs
from idp.store.accounts import Account

TWO = 2


def is_enough(account: Account, amr: tuple[str, ...]) -> bool:
    """Whether ``amr`` proves the holder: a living face, or two kinds of what is not in doubt.

    Where the account has neither, one proof that is not in doubt: it never had more to show.
    """
    if "face" in amr:
        return True
    doubted = freezing.doubted(account)
    shown = proofs.counted(account, {*amr} - doubted)
    if assurance.aal_of(shown) >= TWO:
        return True
    has = proofs.means(account) - doubted
    return bool(shown) and assurance.aal_of(has) < TWO and not face_helps(account)


def face_helps(account: Account) -> bool:
    return faces.comparable(account) is not None
