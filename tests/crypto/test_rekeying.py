"""Re-keying: every sealed value moves to the new key while people go on using the node."""

import threading

import pytest
from sqlalchemy import Column, MetaData, String, Table, select, text

from idp.crypto.errors import CannotOpen
from idp.crypto.sealing import Index
from idp.crypto.suites import SUITES
from idp.store import accounts, rekeying
from idp.store.accounts import Account, SignIn
from idp.store.engines import Base, db
from idp.store.types import BlindIndex, Sealed, UtcDateTime, now, sealer
from tests.crypto import node as nodes


def phone(n: int) -> str:
    return f"+86138{n:08}"


def open_accounts(count: int) -> None:
    for n in range(count):
        account = Account(phone=phone(n), phone_index=phone(n), profile={"nickname": f"人{n}"})
        db.session.add(account)
        db.session.flush()
        db.session.add(SignIn(account_id=account.id, address="203.0.113.9"))
    db.session.commit()


def raw(column: str) -> list[str]:
    rows = db.session.execute(text(f"SELECT {column} FROM account ORDER BY id"))
    return [row[0] for row in rows]


def test_personal_data_is_never_clear_in_the_database(node):
    open_accounts(1)
    assert "138" not in raw("phone")[0]
    assert "人" not in raw("profile")[0]
    assert raw("phone")[0].startswith("intl.k1.")
    assert accounts.by_phone(phone(0)).phone == phone(0)
    assert accounts.by_phone(phone(0)).profile == {"nickname": "人0"}
    assert accounts.by_phone(phone(1)) is None


def test_an_unchanged_value_is_not_written_again(node):
    open_accounts(1)
    before = raw("phone")
    account = accounts.by_phone(phone(0))
    account.locale = "en"
    db.session.commit()
    assert raw("phone") == before


def test_an_index_read_from_the_database_can_be_written_back(node):
    open_accounts(1)
    account = accounts.by_phone(phone(0))
    index = account.phone_index
    assert isinstance(index, Index)
    account.phone_index = None
    db.session.commit()
    account.phone_index = index
    db.session.commit()
    assert accounts.by_phone(phone(0)) is not None


def test_a_value_copied_into_another_column_does_not_open(node):
    open_accounts(1)
    db.session.execute(text("UPDATE sign_in SET address = (SELECT phone FROM account)"))
    db.session.commit()
    with pytest.raises(CannotOpen):
        db.session.scalars(select(SignIn)).all()


@pytest.mark.parametrize("suite", SUITES)
def test_every_sealed_column_moves_to_the_new_key_and_its_suite(node, suite):
    open_accounts(25)
    ring = sealer().ring
    ring.activate(ring.add(suite))
    assert accounts.by_phone(phone(3)) is not None, "found while its index is under the old key"
    assert (rekeying.remaining(), rekeying.users(["k1"])["k1"]) == (50, 50)

    changed = list(rekeying.rekey(size=10))

    assert sum(batch.changed for batch in changed) == 50
    assert (rekeying.remaining(), rekeying.users(["k1"])["k1"]) == (0, 0)
    ring.drop("k1")
    db.session.remove()
    assert all(value.startswith(f"{suite}.k2.") for value in raw("phone") + raw("phone_index"))
    for n in range(25):
        account = accounts.by_phone(phone(n))
        assert (account.phone, account.profile) == (phone(n), {"nickname": f"人{n}"})
    assert list(rekeying.rekey()) == []


def test_while_two_suites_are_in_use_a_number_is_still_one_persons(node):
    open_accounts(1)
    ring = sealer().ring
    ring.activate(ring.add("gm"))
    with pytest.raises(accounts.PhoneTaken):
        accounts.add(accounts.NewAccount(phone(0)))


def test_who_writes_under_the_older_key_is_waited_for(node, engines, tmp_path):
    """One process has the new key for current, another not yet; both take a number at once."""
    ring = sealer().ring
    new = ring.add()
    app = nodes.another_process(engines, tmp_path)
    ring.activate(new)
    taken, told = threading.Event(), threading.Event()

    def first() -> None:
        with app.app_context():
            accounts.add(accounts.NewAccount(phone(0)))
            taken.set()
            told.wait(0.5)
            db.session.commit()
            db.engine.dispose()

    running = threading.Thread(target=first)
    running.start()
    taken.wait(10)
    with pytest.raises(accounts.PhoneTaken):
        accounts.add(accounts.NewAccount(phone(0)))
        told.set()
    running.join()

    assert not told.is_set()
    assert accounts.by_phone(phone(0)) is not None


def test_rekeying_stopped_half_way_goes_on_where_it_was(node):
    open_accounts(20)
    sealer().ring.activate(sealer().ring.add())
    run = rekeying.rekey(size=5)
    next(run)
    run.close()
    assert 0 < rekeying.remaining() < 40

    list(rekeying.rekey(size=5))

    assert rekeying.remaining() == 0


def test_a_value_changed_meanwhile_is_not_overwritten(node, monkeypatch):
    open_accounts(1)
    sealer().ring.activate(sealer().ring.add())
    renewed = rekeying._renewed

    def slowly(vault, row):
        values = renewed(vault, row)
        if vault.table.name == "account":
            row["phone"] = "as it was before somebody changed it"
        return values

    monkeypatch.setattr(rekeying, "_renewed", slowly)
    list(rekeying.rekey())
    assert raw("phone")[0].startswith("intl.k1."), "left alone"
    monkeypatch.undo()
    list(rekeying.rekey())
    assert accounts.by_phone(phone(0)).phone == phone(0)
    assert rekeying.remaining() == 0


def test_people_go_on_changing_their_phones_meanwhile(node, engines, tmp_path):
    open_accounts(60)
    ring = sealer().ring
    ring.activate(ring.add())
    app = nodes.another_process(engines, tmp_path)

    def people() -> None:
        with app.app_context():
            for n in range(0, 60, 3):
                account = accounts.by_phone(phone(n))
                account.phone = account.phone_index = phone(n + 1000)
                db.session.commit()
            for n in range(1, 60, 3):
                account = accounts.by_phone(phone(n))
                account.phone = account.phone_index = None
                db.session.commit()
            db.engine.dispose()

    busy = threading.Thread(target=people)
    busy.start()
    list(rekeying.rekey(size=4))
    busy.join()
    list(rekeying.rekey())

    assert rekeying.remaining() == 0
    expected = [phone(n + 1000) if n % 3 == 0 else phone(n) for n in range(60) if n % 3 != 1]
    assert [accounts.by_phone(number).phone for number in expected] == expected
    assert db.session.query(Account).filter(Account.phone_index.is_not(None)).count() == 40


def test_a_row_somebody_holds_is_passed_over_and_has_its_turn(node, engines):
    """Else two people who hold what the other wants would be three. SQLite has one writer, so
    nobody holds a row there.
    """
    one = 1 if engines.name == "real" else 0
    hold = f"SELECT 1 FROM account ORDER BY id LIMIT 1{' FOR UPDATE' if one else ''}"
    open_accounts(10)
    sealer().ring.activate(sealer().ring.add())
    with db.engine.connect() as somebody:
        somebody.execute(text(hold))
        run = rekeying.rekey()
        held = next(batch for batch in run if batch.table == "account")
        assert (held.found, held.changed) == (10, 10 - one)
        somebody.rollback()
    rest = list(run)

    assert sum(batch.changed for batch in rest if batch.table == "account") == one
    assert rekeying.remaining() == 0


def test_a_damaged_value_is_named_and_does_not_stop_the_others(node):
    open_accounts(10)
    db.session.execute(text("UPDATE sign_in SET address = (SELECT phone FROM account LIMIT 1)"))
    db.session.commit()
    sealer().ring.activate(sealer().ring.add())

    batches = list(rekeying.rekey(size=3))

    stuck = {each for batch in batches for each in batch.stuck}
    assert {each.table for each in stuck} == {"sign_in"}
    assert len(stuck) == 10
    assert all("HT-7006" in each.why for each in stuck)
    assert rekeying.remaining() == 10
    assert accounts.by_phone(phone(3)) is not None
    assert all(value.startswith("intl.k2.") for value in raw("phone"))


def test_a_number_two_accounts_took_at_once_is_named_and_nobody_loses_theirs(node):
    """Neither sees what the other has not committed, and each index is another text."""
    open_accounts(10)
    old = sealer().index("phone", phone(3))
    sealer().ring.activate(sealer().ring.add())
    db.session.add(Account(phone=phone(3), phone_index=phone(3)))
    db.session.commit()

    batches = list(rekeying.rekey())

    assert [len(batch.stuck) for batch in batches if batch.table == "account"] == [1, 1]
    (twin,) = {each for batch in batches for each in batch.stuck}
    assert "the same text" in twin.why
    assert phone(3) not in str(twin)
    assert rekeying.remaining() == 1
    assert old in raw("phone_index")


def test_every_blind_index_can_be_made_again_from_its_table(node):
    assert {v.table.name for v in rekeying.vaults()} >= {"account", "audit_event", "signing_key"}
    assert all(len(v.indexes) == 1 for v in rekeying.vaults() if v.table.name == "account")


def test_a_blind_index_without_its_sealed_text_is_refused(monkeypatch):
    lonely = MetaData()
    Table("lonely", lonely, Column("id", String, primary_key=True), Column("x", BlindIndex("x")))
    monkeypatch.setattr(Base, "metadata", lonely)
    with pytest.raises(TypeError, match="no Sealed column"):
        rekeying.vaults()


def test_a_time_without_its_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        UtcDateTime().process_bind_param(now().replace(tzinfo=None), None)


def test_nothing_is_sealed_where_there_is_nothing():
    assert Sealed("x").process_bind_param(None, None) is None
    assert BlindIndex("x").process_bind_param(None, None) is None
