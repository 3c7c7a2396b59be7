"""Taking along everything held about oneself: complete, one's own only, recorded and told."""

import dataclasses
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import flask
import orjson
import pytest
import time_machine
from sqlalchemy import select

from idp import cases, identities, staff, standing, stops
from idp.account import history, words
from idp.audit import context, events, log
from idp.commands.account import OPERATOR
from idp.crypto import masking
from idp.guardians import RELATIONS
from idp.organisations import uscc
from idp.realname import documents
from idp.realname.words import WAYS
from idp.store import accounts, audit, organisations, reads
from idp.store import cases as stored
from idp.store.accounts import SignIn
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.guardianships import Guardianship
from idp.store.paging import PageEnd
from idp.store.stops import Stop
from idp.store.transfers import Transfer
from idp.store.types import now
from tests import forms
from tests.actors import Citizen
from tests.oidc.actors import NAME, NUMBER, registered, with_account

Citizens = Callable[..., Citizen]
Named = Callable[..., str]
RARE = "张𠮷祥"
OF_PEOPLE = [
    kind
    for kind in events.EVENTS
    if kind.action.partition(".")[0] not in {"client", "keys", "audit", "sms"}
]
"""The others are of operators and machines, and name no account."""
CODES = {
    *words.REASONS,
    *words.CODES,
    *words.PARTS,
    *cases.TOPICS,
    *stops.KINDS,
    *uscc.KINDS,
    *uscc.FUNCTIONS,
    *documents.TABLE,
    *WAYS,
}
MEMBERS = {
    "format",
    "issuer",
    "made_at",
    "account",
    "identity",
    "past_identities",
    "agreements",
    "portals",
    "mandates",
    "linked_accounts",
    "peer_links",
    "handles_told",
    "passkeys",
    "authenticators",
    "recovery_codes",
    "sessions",
    "browsers",
    "sign_ins",
    "notices",
    "cases",
    "guardianships",
    "stops",
    "transfers",
    "lost_numbers",
    "recoveries",
    "merges",
    "reads",
    "events",
    "events_about",
}


def takes_along(citizen: Citizen) -> dict[str, object]:
    citizen.visits("/account/export").submits("export-json")
    assert citizen.status == 200
    found: dict[str, object] = orjson.loads(citizen.text)
    return found


def test_the_file_holds_everything_by_stable_names(
    wang: Citizen, named: Named, app: flask.Flask
) -> None:
    account_id = named(wang, name=RARE)
    with app.app_context():
        cases.open_(account_id, cases.REALNAME, {"name": RARE, "number": NUMBER})

    told = takes_along(wang)

    assert told.keys() == MEMBERS
    assert told["format"] == "hutong-export/1"
    assert told["account"]["phone_number"] == f"+86{wang.number}"  # type: ignore[index]
    identity = told["identity"]
    assert (identity["real_name"], identity["id_number"]) == (RARE, NUMBER)  # type: ignore[index]
    assert identity["evidence"][0]["verifier"] == "tencent_register"  # type: ignore[index]
    for name in ("agreements", "sessions", "browsers", "sign_ins", "cases", "events"):
        assert told[name], name


def test_neither_file_nor_page_is_kept_on_the_way_and_the_file_is_named_after_nobody(
    wang: Citizen,
) -> None:
    takes_along(wang)
    assert wang.page is not None
    assert wang.page.headers["Cache-Control"] == "no-store"
    disposition = wang.page.headers["Content-Disposition"]
    assert disposition == 'attachment; filename="my-information.json"'

    wang.visits("/account/export").submits("export-page")
    assert wang.page.headers["Cache-Control"] == "no-store"


def test_the_page_to_print_says_the_same_in_words(
    wang: Citizen, named: Named, app: flask.Flask
) -> None:
    account_id = named(wang, name=RARE)
    with app.app_context():
        cases.open_(account_id, cases.REALNAME, {"name": "欧阳娜", "kind": "resident_id"})
    wang.visits("/account/export").submits("export-page")

    assert wang.status == 200
    for word in (RARE, NUMBER, f"+86{wang.number}", "居民身份证", "用户服务协议", "短信验证码"):
        assert word in wang.text, word
    for word in ("欧阳娜", "腾讯云", "提交受理材料", "开立账号"):
        assert word in wang.text, word
    for code in ("account.opened", "tencent_register", "resident_id"):
        assert code not in wang.text, code


def with_everything(app: flask.Flask, account_id: str) -> None:
    """A row of every state, kind and reason there is."""
    with app.app_context():
        for add in (organisations_of, decisions_about, guardians_of, recorded_of):
            add(account_id)
        db.session.commit()


def organisations_of(account_id: str) -> None:
    made = organisations.add("91110000MA00000077", "甲有限公司", "enterprise", "test", "t")
    for state in ("offered", "accepted", "declined", "revoked"):
        organisations.add_mandate(
            organisation_id=made.id,
            account_id=account_id,
            agent_name="",
            state=state,
            functions=list(uscc.FUNCTIONS),
            reason="dissolved" if state == "revoked" else "",
        )
    for number, kind in enumerate(uscc.KINDS):
        transfer = {"code": f"9111{number}", "name": "乙有限公司", "kind": kind}
        paid = {"verifier": "micro_transfer", "paid": "p-1", "identity_id": "1"}
        db.session.add(Transfer(account_id=account_id, **transfer, **paid))


def decisions_about(account_id: str) -> None:
    stop = {"account_id": account_id, "before": "active", "officer": "4401-0077"}
    for number, kind in enumerate(stops.KINDS):
        more = {"code": f"AAAA-000{number}", "kind": kind, "reason": "seen"}
        db.session.add(Stop(**stop, **more, lifted_at=now(), lifted_by="4401-0077"))
    for topic in cases.TOPICS:
        case = stored.add(account_id, cases.APPEAL, {"topic": topic}, now() + timedelta(days=1))
        case.open_key, case.state, case.outcome = None, "decided", "refused"
        db.session.flush()
    stored.add(
        account_id, cases.REALNAME, {"name": NAME}, now() + timedelta(days=1)
    ).state = "lapsed"
    for what in (reads.CASE, reads.LOOKED_UP, reads.IDENTITY):
        reads.note(account_id, what, "operator")


def guardians_of(account_id: str) -> None:
    for relation in RELATIONS:
        both = {"child_id": account_id, "guardian_id": account_id}
        kept = {"state": "ended", "reason": "withdrawn", "born": "2020-01-01"}
        db.session.add(Guardianship(**both, **kept, case_code="A", relation=relation))


def recorded_of(account_id: str) -> None:
    for reason, event in zip(cycle(words.REASONS), OF_PEOPLE, strict=False):
        required = {"agreement": "terms", "version": "1"}
        needed = required if event is events.AgreementAccepted else {}
        log.record(event(account=account_id, reason=reason, **needed))  # type: ignore[arg-type]
    for reason in words.REASONS:
        log.record(events.IdentityReleased(target=account_id, reason=reason))


def test_no_code_is_left_among_the_words(wang: Citizen, named: Named, app: flask.Flask) -> None:
    account_id = named(wang)
    with_everything(app, account_id)

    wang.visits("/account/export").submits("export-page")

    assert wang.status == 200
    said = re.sub(r"<[^>]*>", " ", wang.text[wang.text.index('id="export-account"') :])
    compound = set(re.findall(r"(?<![\w.])[a-z][a-z0-9]*(?:[_.][a-z0-9]+)+", said))
    assert compound == {"wang_xm"}, "her user name, which is no code"
    left = set(re.findall(r"(?<![\w./-])[a-z]{4,}(?![\w./-])", said))
    assert not left & CODES, left & CODES


def test_every_event_of_a_person_has_words() -> None:
    assert {kind.action for kind in OF_PEOPLE} <= history.EVENTS.keys()


def test_it_is_recorded_and_told(wang: Citizen, app: flask.Flask) -> None:
    takes_along(wang)

    assert any("全部个人信息刚刚被下载" in text for text in wang.phone.texts())
    with app.app_context():
        found = db.session.scalars(select(AuditEvent).filter_by(action="account.exported")).one()
        assert orjson.loads(found.details) == {"format": "json"}
    assert "下载个人信息" in wang.visits("/account/history").text


def test_the_file_is_read_after_the_request_is_over(app: flask.Flask) -> None:
    """A server sends it piece by piece, when the request's own session has been put away."""
    li = with_account(app, "li_na", "+8613800000009").opens("/account/").signs_in()

    told = orjson.loads(li.opens("/account/export").presses("export-json").page.data)

    assert told["account"]["username"] == "li_na"


def test_it_needs_a_sign_in_of_the_last_minutes(wang: Citizen) -> None:
    form = wang.visits("/account/export").page
    with time_machine.travel(timedelta(minutes=11)):
        wang.page = form
        wang.submits("export-json")

    assert wang.at == "/login/"


def test_it_needs_our_token(wang: Citizen) -> None:
    answer = wang.browser.post("/account/export", data={"format": "json"})

    assert answer.status_code == 400


def test_asking_for_the_page_takes_nothing_along(wang: Citizen, app: flask.Flask) -> None:
    wang.visits("/account/export")

    assert NUMBER not in wang.text
    with app.app_context():
        query = select(AuditEvent.id).filter_by(action="account.exported")
        assert db.session.scalars(query).all() == []


def test_what_was_done_to_the_account_is_in_it_by_number_of_the_officer(
    wang: Citizen, named: Named, app: flask.Flask
) -> None:
    account_id, by = named(wang), staff.Act("4401-0077", "register")
    with app.app_context(), context.use(OPERATOR):
        stops.stop(account_id, stops.OTHER, by)
        stops.lift(account_id, by)
        identities.lower(account_id, 1, "photo disputed", officer="4401-0077")

    told: Any = takes_along(wang.signs_in_by_code())

    about = told["events_about"]
    assert [row["action"] for row in about] == [
        "account.stopped",
        "account.restored",
        "identity.lowered",
    ]
    assert {row["officer"] for row in about} == {"4401-0077"}
    (stop,) = told["stops"]
    assert (stop["cause"], stop["lifted_by"]) == ("other", "4401-0077")


def test_it_can_be_done_five_times_a_day(wang: Citizen) -> None:
    for _ in range(5):
        takes_along(wang)
    wang.visits("/account/export").submits("export-json")

    assert (wang.status, "HT-4307" in wang.text) == (429, True)


def test_nobody_else_s_rows_are_in_it(wang: Citizen, citizens: Citizens, named: Named) -> None:
    named(wang)
    li = citizens().signs_up(username="li_na")

    told = orjson.dumps(takes_along(li)).decode()

    assert "wang_xm" not in told
    assert wang.number not in told
    assert NAME not in told


def test_a_name_that_turned_out_to_be_somebody_else_s_is_theirs_and_masked(
    wang: Citizen, citizens: Citizens, named: Named, app: flask.Flask
) -> None:
    account_id = named(wang)
    with app.app_context():
        identities.take_away(account_id, "the card is not theirs", officer="g-1024")
    wang = citizens(wang.number).signs_in_by_code()

    told = takes_along(wang)

    assert NAME not in orjson.dumps(told).decode()
    assert NUMBER not in orjson.dumps(told).decode()
    (past,) = told["past_identities"]  # type: ignore[misc]
    assert past["id_number"] == masking.id_number(NUMBER)  # type: ignore[index]
    assert past["evidence"][0]["reference"] == ""  # type: ignore[index]
    assert NUMBER not in wang.visits("/account/export").submits("export-page").text


def test_a_slip_that_restated_a_name_of_somebody_else_is_masked_too(
    wang: Citizen, citizens: Citizens, named: Named, app: flask.Flask
) -> None:
    account_id = named(wang)
    wang.visits("/realname/").submits("slip-submit", agree="yes")
    with app.app_context():
        assert stored.of(account_id)[0].stated["number"] == NUMBER
        identities.take_away(account_id, "the card is not theirs", officer="g-1024")
    wang = citizens(wang.number).signs_in_by_code()

    told = takes_along(wang)

    assert NAME not in orjson.dumps(told).decode()
    assert NUMBER not in orjson.dumps(told).decode()
    assert NUMBER not in wang.visits("/account/export").submits("export-page").text


@pytest.mark.parametrize("count", [499, 500, 501, 1200])
def test_many_rows_are_all_there_in_order(wang: Citizen, app: flask.Flask, count: int) -> None:
    """Around the size of a batch, many of one moment."""
    with app.app_context():
        account = accounts.by_phone(f"+86{wang.number}")
        assert account is not None
        moment = now() - timedelta(days=1)
        for number in range(count):
            at = moment + timedelta(seconds=number // 100)
            db.session.add(SignIn(account_id=account.id, at=at, terminal=f"t{number}"))
        db.session.commit()

    found = [row["terminal"] for row in takes_along(wang)["sign_ins"]]  # type: ignore[index,union-attr,attr-defined]

    assert {f"t{number}" for number in range(count)} <= set(found)
    assert len(found) == count + 1


class TestReads:
    def test_nobody_has_read_anything_yet(self, wang: Citizen) -> None:
        assert "还没有人查看过" in wang.visits("/account/reads").text

    def test_a_clerk_s_look_into_a_case_is_shown(
        self, wang: Citizen, named: Named, app: flask.Flask
    ) -> None:
        account_id = named(wang)
        with app.app_context():
            case = cases.open_(account_id, cases.REALNAME, {"name": NAME})
            code = case.code
            cases.read(code, "4401-0077")
        wang.visits("/account/reads")

        assert "工作人员查看了您的受理材料" in wang.text
        assert "4401-0077" in wang.text
        assert code in wang.text

    def test_an_operator_s_search_by_number_is_shown(self, wang: Citizen, app: flask.Flask) -> None:
        with app.app_context(), context.use(OPERATOR):
            standing.look_up(f"+86{wang.number}")
        wang.visits("/account/reads")

        assert "工作人员按手机号码查找了您的账号" in wang.text
        assert "系统管理员" in wang.text

    def test_another_person_s_reads_are_not(
        self, wang: Citizen, citizens: Citizens, named: Named, app: flask.Flask
    ) -> None:
        account_id = named(wang)
        with app.app_context():
            reads.note(account_id, reads.CASE, "4401-0077", "AAAA-2222")
            db.session.commit()
        li = citizens().signs_up(username="li_na")

        assert "4401-0077" not in li.visits("/account/reads").text

    def test_a_portal_s_knowledge_is_shown_with_when_it_came(self, app: flask.Flask) -> None:
        portal = registered(app, "shebao", name="社会保险网上服务大厅")
        li = with_account(app, "li_na", "+8613800000009")
        portal.tokens_for(li, scope="openid phone")
        with app.app_context():
            audit_copied()
        li.opens("/account/reads")

        assert "社会保险网上服务大厅" in li.page.text
        assert "您同意向应用提供信息" in li.page.text
        assert "手机号码" in li.page.text
        assert "应用取得了查询授权范围内信息的凭证" in li.page.text

    @pytest.mark.parametrize("cursor", ["x", "2026-01-01~a", "2026-01-01T00:00:00+00:00~'", "~"])
    def test_a_made_up_place_shows_the_first_page(self, wang: Citizen, cursor: str) -> None:
        wang.visits(f"/account/reads?before={cursor}")

        assert wang.status == 200

    def test_ten_thousand_rows_are_paged_without_a_gap(
        self, wang: Citizen, named: Named, app: flask.Flask
    ) -> None:
        account_id, moment = named(wang), now() - timedelta(days=2)
        with app.app_context():
            db.session.add_all(
                reads.DataRead(
                    account_id=account_id,
                    what=reads.CASE,
                    at=moment + timedelta(seconds=number // 100),
                    reference=f"r{number:05}",
                )
                for number in range(10_000)
            )
            db.session.commit()
            seen: list[str] = []
            place = None
            while rows := reads.of(account_id, 51, place):
                shown = rows[:50]
                seen += [row.reference for row in shown]
                place = PageEnd.parse(str(PageEnd(shown[-1].at, shown[-1].id)))
            assert len(seen) == len(set(seen)) == 10_000
        wang.visits("/account/reads")
        assert wang.text.count("受理编号") == 50
        first = wang.text
        wang.visits(link(wang, "older"))
        assert wang.text.count("受理编号") == 50
        assert wang.text != first


def link(citizen: Citizen, id_: str) -> str:
    return forms.link(citizen.text, id_)


def audit_copied() -> None:
    log.copy_streams()
    assert audit.is_waiting()


class TestPdf:
    def test_is_a_file_named_after_nobody_and_kept_nowhere(
        self, wang: Citizen, named: Named
    ) -> None:
        named(wang, name=RARE)
        wang.visits("/account/export").submits("export-pdf")
        assert wang.page is not None

        assert wang.page.mimetype == "application/pdf"
        assert wang.page.headers["Cache-Control"] == "no-store"
        disposition = wang.page.headers["Content-Disposition"]
        assert disposition == 'attachment; filename="my-information.pdf"'
        assert wang.page.data.startswith(b"%PDF-")

    def test_holds_every_letter_of_a_rare_name(self, wang: Citizen, named: Named) -> None:
        """By what the embedded font says its glyphs stand for."""
        rare = "𠮷㛃䶮𬭎𫍯"
        named(wang, name=rare)
        wang.visits("/account/export").submits("export-pdf")
        assert wang.page is not None

        assert set(rare) <= letters(wang.page.data)

    def test_writes_a_letter_the_font_lacks_as_its_code_point(
        self, wang: Citizen, named: Named
    ) -> None:
        named(wang, name="张\U00020003")
        wang.visits("/account/export").submits("export-pdf")
        assert wang.page is not None

        assert "\U00020003" not in letters(wang.page.data)
        assert set("[U+20003]") <= letters(wang.page.data)

    def test_is_not_offered_without_the_font(self, app: flask.Flask, wang: Citizen) -> None:
        before = app.extensions["settings"]
        rights = before.rights.model_copy(update={"pdf_font": Path("/nowhere.ttc")})
        changed = before.model_copy(update={"rights": rights})
        app.extensions["idp"] = dataclasses.replace(app.extensions["idp"], settings=changed)

        wang.visits("/account/export")

        assert "export-pdf" not in wang.text
        wang.posts("/account/export", format="pdf")
        assert (wang.status, "HT-4308" in wang.text) == (503, True)
        with app.app_context():
            query = select(AuditEvent.id).filter_by(action="account.exported")
            assert db.session.scalars(query).all() == [], "nothing was taken along"


def letters(pdf: bytes) -> set[str]:
    """What the glyphs of a PDF stand for (ToUnicode, PDF 32000-1 §9.10.3)."""
    codes = re.findall(rb"<[0-9A-F]{4}> <([0-9A-Fa-f]{4,8})>", pdf)
    return {bytes.fromhex(code.decode()).decode("utf-16-be") for code in codes}
