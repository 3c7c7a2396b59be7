"""Re-keying: every sealed value moves to the new key while people go on using the node."""

import threading

import pytest
from sqlalchemy import Column, MetaData, String, Table, select, text

from idp.crypto.errors import CannotOpen
from idp.crypto.sealing import Index
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


def test_every_sealed_column_moves_to_the_new_key(node):
    open_accounts(25)
    ring = sealer().ring
    ring.activate(ring.add())
    assert accounts.by_phone(phone(3)) is not None, "found while its index is under the old key"
    assert (rekeying.remaining(), rekeying.users("k1")) == (50, 50)

    changed = list(rekeying.rekey(batch=10))

    assert sum(count for _, count in changed) == 50
    assert (rekeying.remaining(), rekeying.users("k1")) == (0, 0)
    ring.drop("k1")
    db.session.remove()
    for n in range(25):
        account = accounts.by_phone(phone(n))
        assert (account.phone, account.profile) == (phone(n), {"nickname": f"人{n}"})
    assert list(rekeying.rekey()) == []


def test_rekeying_stopped_half_way_goes_on_where_it_was(node):
    open_accounts(20)
    sealer().ring.activate(sealer().ring.add())
    run = rekeying.rekey(batch=5)
    next(run)
    run.close()
    assert 0 < rekeying.remaining() < 40

    list(rekeying.rekey(batch=5))

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
    list(rekeying.rekey(batch=4))
    busy.join()
    list(rekeying.rekey())

    assert rekeying.remaining() == 0
    expected = [phone(n + 1000) if n % 3 == 0 else phone(n) for n in range(60) if n % 3 != 1]
    assert [accounts.by_phone(number).phone for number in expected] == expected
    assert db.session.query(Account).filter(Account.phone_index.is_not(None)).count() == 40


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
