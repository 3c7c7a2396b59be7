"""What is held about a person in words, for the page to print: the names of members and codes."""

from collections.abc import Callable, Iterable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from flask_babel import format_datetime

from idp import assurance, profile
from idp.account import history, identity, words
from idp.errors import N_
from idp.export import Row
from idp.organisations import uscc
from idp.realname import documents
from idp.realname.words import WAYS
from idp.web import i18n
from idp.web.i18n import translate

TITLES = {
    "past_identities": N_("曾用于本账号的证件"),
    "agreements": N_("同意过的协议"),
    "portals": N_("连接过的应用"),
    "mandates": N_("代表单位的授权"),
    "linked_accounts": N_("绑定的微信和支付宝"),
    "peer_links": N_("关联的异地账号"),
    "handles_told": N_("发给其他地区用于核对是否同一人的编码"),
    "passkeys": N_("通行密钥"),
    "authenticators": N_("身份验证器"),
    "recovery_codes": N_("恢复码"),
    "sessions": N_("现在登录的设备"),
    "browsers": N_("用过的设备"),
    "sign_ins": N_("登录记录"),
    "notices": N_("短信通知"),
    "cases": N_("受理材料"),
    "guardianships": N_("监护人的同意"),
    "stops": N_("账号停用记录"),
    "transfers": N_("等待核对的对公汇款"),
    "lost_numbers": N_("曾绑定的手机号码"),
    "recoveries": N_("找回账号和更换号码的申请"),
    "merges": N_("账号合并"),
    "reads": N_("工作人员的查看"),
    "events": N_("账号变动和信息提供记录"),
    "events_about": N_("工作人员或他人对本账号的操作"),
    "evidence": N_("核验记录"),
}
_LABELS = {
    "id": N_("账号编号"),
    "opened_at": N_("开立时间"),
    "phone_number": N_("手机号码"),
    "phone_proven_at": N_("号码最近验证"),
    "username": N_("用户名"),
    "password_set_at": N_("密码设置时间"),
    "language": N_("语言"),
    "notices_off": N_("不接收的通知"),
    "about": N_("内容"),
    "link_used_at": N_("表示不是本人操作的时间"),
    "identity_level": N_("身份级别"),
    "identity_level_until": N_("级别有效期至"),
    "real_name": N_("姓名"),
    "id_type": N_("证件类型"),
    "id_number": N_("证件号码"),
    "since": N_("开始时间"),
    "ended_at": N_("结束时间"),
    "method": N_("方式"),
    "verifier": N_("核验方"),
    "reference": N_("编号"),
    "level": N_("级别"),
    "lasts_until": N_("有效期至"),
    "void_since": N_("失效时间"),
    "void_reason": N_("失效原因"),
    "agreement": N_("协议"),
    "version": N_("版本"),
    "text_sha256": N_("文本摘要（SHA-256）"),
    "name": N_("名称"),
    "known_as": N_("该应用对您的标识"),
    "legal_basis": N_("依据"),
    "statute": N_("法律条文"),
    "granted": N_("信息范围"),
    "used_at": N_("最近使用"),
    "left": N_("剩余数量"),
    "provider": N_("平台"),
    "synchronised": N_("在设备间同步"),
    "hardware_attested": N_("硬件密钥"),
    "found_copied_at": N_("可能被复制的时间"),
    "last_at": N_("最近使用"),
    "withdrawn_at": N_("取消时间"),
    "organisation": N_("单位"),
    "organisation_code": N_("统一社会信用代码"),
    "organisation_kind": N_("单位类别"),
    "kind": N_("类别"),
    "state": N_("状态"),
    "functions": N_("事项"),
    "portals": N_("限于应用"),
    "begins_at": N_("生效时间"),
    "ends_at": N_("到期时间"),
    "revoked_at": N_("撤销时间"),
    "terminal": N_("设备"),
    "methods": N_("登录方式"),
    "region": N_("地点"),
    "address": N_("网络地址"),
    "outcome": N_("结果"),
    "client_id": N_("应用编号"),
    "code": N_("受理编号"),
    "stated": N_("填写的内容"),
    "decided_at": N_("办结时间"),
    "reason": N_("原因"),
    "undo_until": N_("可撤销至"),
    "undone_at": N_("撤销合并时间"),
    "what": N_("内容"),
    "reader": N_("工作人员"),
    "action": N_("事项"),
    "number": N_("证件号码"),
    "birthdate": N_("出生日期"),
    "cause": N_("停用原因"),
    "topic": N_("申诉事项"),
    "officer": N_("经办人员工号"),
    "case": N_("受理编号"),
    "way": N_("方式"),
    "ready_at": N_("等待期满"),
    "until": N_("最晚"),
    "lifted_at": N_("恢复时间"),
    "lifted_by": N_("恢复人员工号"),
    "lifted_reason": N_("恢复原因"),
    "role": N_("身份"),
    "relation": N_("与孩子的关系"),
    "confirmed_at": N_("大厅确认时间"),
}
_FIRST = (
    *("at", "accepted_at", "started_at", "first_at", "opened_at", "begins_at"),
    *("consented_at", "asked_at", "added_at", "made_at", "begun_at"),
)
"""Which time a row of a list begins with."""


def moment(at: datetime) -> str:
    return str(format_datetime(at, "yyyy-MM-dd HH:mm"))


def pairs(row: Row) -> list[tuple[str, str]]:
    """The members of a row that say something, as (label, value)."""
    return [
        (translate(_LABELS[name]), said)
        for name, value in row.items()
        if name in _LABELS and (said := _said(name, value))
    ]


def listed(rows: Iterable[Row]) -> list[SimpleNamespace]:
    """Rows as (at, pairs)."""
    found = []
    for row in rows:
        first = next((name for name in _FIRST if row.get(name)), "")
        rest = {name: value for name, value in row.items() if name != first}
        found.append(SimpleNamespace(at=row.get(first), pairs=pairs(rest)))
    return found


def _said(name: str, value: Any) -> str:
    if value in (None, "", [], {}):
        return ""
    match value:
        case datetime():
            return moment(value)
        case list():
            return "、".join(_word(name, each) for each in value)
        case dict():
            shown = {key: value[key] for key in value if key in _LABELS}
            return "；".join(f"{label} {said}" for label, said in pairs(shown))
    return _word(name, str(value))


def _word(name: str, value: str) -> str:
    tell = _TELLERS.get(name)
    if tell is not None:
        return tell(value)
    return translate(words.CODES[value]) if value in words.CODES else value


def _kind(value: str) -> str:
    """Of a document, an organisation, a case or a mandate."""
    for table in (documents.TABLE, uscc.KINDS):
        if value in table:
            return str(table[value][_called()])
    return translate(words.CODES.get(value, value))


def _function(value: str) -> str:
    return uscc.FUNCTIONS[value][_called()] if value in uscc.FUNCTIONS else value


def _level(value: str) -> str:
    """``ial2``, or both scales as ``ial2.aal1``."""
    said = []
    for each in value.split("."):
        scale, number = each[:-1], each[-1:]
        row = assurance.TABLE.get(scale, {}).get(number)
        said.append(str(row[_called()]) if row else each)
    return " · ".join(said)


_TELLERS: dict[str, Callable[[str], str]] = {
    "granted": lambda value: translate(profile.LABELS.get(value, value)),
    "verifier": lambda value: translate(words.CODES.get(value) or identity.who(value)),
    "action": lambda value: translate(history.EVENTS.get(value, value)),
    "method": lambda value: translate(WAYS[value][0]) if value in WAYS else _kind(value),
    "id_type": _kind,
    "kind": _kind,
    "organisation_kind": _kind,
    "functions": _function,
    "level": _level,
    "identity_level": _level,
    "language": lambda value: profile.LANGUAGES.get(value, value),
    "cause": lambda value: translate(words.cause(value)),
    "role": lambda value: translate(words.PARTS.get(value, value)),
    "topic": lambda value: translate(words.topic(value)),
    "reader": lambda value: translate(words.ROLES.get(value, value)),
    "real_name": str,
    "name": str,
    "username": str,
    "terminal": str,
    "region": str,
    "officer": str,
    "lifted_by": str,
    "client_id": str,
    "portals": str,
}
"""How the value of a member is said, where a word of the tables is not the whole of it; what
people chose themselves is never taken for one.
"""


def _called() -> str:
    return "name" if i18n.locale() == "zh-CN" else "name_en"
