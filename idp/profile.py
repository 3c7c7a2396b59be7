"""What we can state of a person: standard claims (OIDC Core §5.1), their Chinese names, masks."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from idp.crypto import masking
from idp.errors import N_
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
    "offline_access": N_("在您离线时继续使用以上信息"),
}
"""What each claim is called on the pages that ask for it and list it."""

LANGUAGES = {"zh-CN": "简体中文", "en": "English"}
"""Each language in its own words."""

_OURS = {"phone_number", "phone_number_verified", "preferred_username", "updated_at"}


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


def shown(claims: Mapping[str, Any], names: Iterable[str]) -> list[dict[str, str]]:
    """``names`` as rows ``{name, label, value}`` for a page; values masked, unknown ones empty.

    Flags such as ``phone_number_verified`` go with the claim they qualify and get no row.
    """
    rows = (
        {"name": name, "label": LABELS[name], "value": _masked(name, claims.get(name))}
        for name in LABELS
        if name in set(names) and not name.endswith("_verified")
    )
    return list(rows)


def _masked(name: str, value: Any) -> str:
    if value is None:
        return ""
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
