"""What we can state of a person: standard claims (OIDC Core §5.1), their Chinese names, masks."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from idp import assurance, represented, verified
from idp.crypto import masking
from idp.errors import N_
from idp.organisations import uscc
from idp.realname import documents
from idp.store.accounts import Account

LABELS: dict[str, str] = {
    "name": N_("显示名称"),
    "family_name": N_("姓"),
    "given_name": N_("名"),
    "middle_name": N_("中间名"),
    "nickname": N_("昵称"),
    "preferred_username": N_("用户名"),
    "profile": N_("个人主页"),
    "picture": N_("头像"),
    "website": N_("网站"),
    "gender": N_("性别"),
    "birthdate": N_("出生日期"),
    "zoneinfo": N_("时区"),
    "locale": N_("语言"),
    "updated_at": N_("资料更新时间"),
    "email": N_("电子邮箱"),
    "email_verified": N_("电子邮箱是否已验证"),
    "address": N_("联系地址"),
    "phone_number": N_("手机号码"),
    "phone_number_verified": N_("手机号码是否已验证"),
    "real_name": N_("真实姓名"),
    "guardian": N_("监护人的同意"),
    "id_type": N_("证件类型"),
    "id_number": N_("证件号码"),
    "verified_birthdate": N_("证件上的出生日期"),
    "verified_gender": N_("证件上的性别"),
    "verified_claims": N_("实名核验的级别、方式、机构和时间"),
    "organisation": N_("您代表的单位"),
    "mandate": N_("您代表单位的身份和事项"),
    "offline_access": N_("在您离线时继续使用以上信息"),
}
"""What each claim is called on the pages that ask for it and list it."""

NOTES = {
    "id_number": N_("证件号码属于敏感个人信息，只加密提供给该应用，每次都会重新征求您的同意。")
}
"""What there is to know of some before saying yes."""

OF_IDENTITY = frozenset(
    {
        "real_name",
        "guardian",
        "id_type",
        "id_number",
        "verified_birthdate",
        "verified_gender",
        "verified_claims",
    }
)
"""What only a verified identity can say."""

LANGUAGES = {"zh-CN": "简体中文", "en": "English"}
"""Each language in its own words."""

_OURS = {"phone_number", "phone_number_verified", "preferred_username", "updated_at", *OF_IDENTITY}
_GENDERS = {
    "male": {"name": "男", "name_en": "Male"},
    "female": {"name": "女", "name_en": "Female"},
}
_GUARDIANS = {
    "parent": {"name": "父亲或母亲", "name_en": "Mother or father"},
    "guardian": {"name": "其他监护人", "name_en": "Another guardian"},
}
_WORDS: dict[str, dict[str, dict[str, Any]]] = {
    "id_type": documents.TABLE,
    "verified_gender": _GENDERS,
    "guardian": _GUARDIANS,
}
_OF_FEW = {"guardian"}
"""What most people have nothing to say to: a row of a page only where there is a value."""


def of(account: Account) -> dict[str, Any]:
    """Every standard claim we can state; what we do not know is absent, never null (§5.3.2)."""
    chosen = {k: v for k, v in account.profile.items() if k in LABELS and k not in _OURS and v}
    claims = {"locale": account.locale, **chosen}
    if account.phone:
        claims |= {"phone_number": account.phone, "phone_number_verified": True}
    if account.username:
        claims["preferred_username"] = account.username
    claims["updated_at"] = int(account.updated_at.timestamp())
    return claims


def of_identity(account_id: str) -> dict[str, Any]:
    """What the person's identity says today, for a page: by claim, as ``of`` does."""
    person, moment = verified.of(account_id), time.time()
    standing = person.standing(moment) if person is not None else []
    if person is None or not standing:
        return {}
    return {**person.claims(moment), "verified_claims": standing[0].ial}


def shown(
    claims: Mapping[str, Any], names: Iterable[str], language: str = "zh-CN"
) -> list[dict[str, str]]:
    """``names`` as rows ``{name, label, value, note}`` for a page; values masked, unknown ones
    empty, words of ours in ``language``.

    Flags such as ``phone_number_verified`` go with the claim they qualify and get no row.
    """
    rows = (
        {
            "name": name,
            "label": LABELS[name],
            "value": _masked(name, claims.get(name), language),
            "note": NOTES.get(name, ""),
        }
        for name in LABELS
        if name in set(names) and not name.endswith("_verified")
        if name not in _OF_FEW or claims.get(name)
    )
    return list(rows)


def _masked(name: str, value: Any, language: str) -> str:
    if value is None:
        return ""
    if name in OF_IDENTITY | represented.CLAIMS:
        return _checked(name, value, "name" if language == "zh-CN" else "name_en")
    if name == "updated_at":
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d")
    if name == "locale":
        return LANGUAGES.get(value, str(value))
    if name == "phone_number":
        return masking.phone(value)
    if name == "email":
        local, _, domain = str(value).partition("@")
        return f"{local[:1]}***@{domain}"
    if isinstance(value, dict):
        return str(value.get("region") or value.get("formatted", ""))[:3] + "***"
    return str(value)


def _checked(name: str, value: Any, called: str) -> str:
    """What a register has confirmed; of an organisation it is public."""
    if name in _WORDS:
        return str(_WORDS[name][value][called])
    match name:
        case "real_name":
            return masking.name(value)
        case "id_number":
            return masking.id_number(value)
        case "verified_claims":
            return str(assurance.TABLE["ial"][str(value)][called])
        case represented.ORGANISATION:
            return f"{value['name']}（{value['uscc']}）"
        case represented.MANDATE:
            functions = [uscc.FUNCTIONS[each][called] for each in value["functions"]]
            return " · ".join((uscc.MANDATES[value["kind"]][called], *functions))
    return masking.birthdate(value)
