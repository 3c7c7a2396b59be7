"""The federation of the demo: a national node, three provinces built in three ways, and cities."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.cast import PortalPart

HUB, JIA = "guojia", "node"
"""The national node; and 甲省, which is the node of the rest of the demo."""
MARKS = ("gateway", "ial/3", "aal/2")
PROVIDER, PARTY = "openid_provider", "openid_relying_party"


@dataclass(frozen=True)
class NodePart:
    slug: str
    name: str
    organiser: str
    build: str
    """How it is built, in words, for who looks at the demo."""
    superior: str = ""
    """Who vouches for it, by slug; "" for the anchor."""
    home: str = ""
    """Where its people have their accounts, by slug; "" for itself."""
    colour: str = ""
    portal: PortalPart | None = None
    dress: str = ""
    """The city whose portal it is, where that city has no node of its own."""


def _portal(slug: str, name: str, name_en: str, organiser: str) -> PortalPart:
    return PortalPart(
        slug=slug,
        name=name,
        name_en=name_en,
        organiser=organiser,
        motto="一网通办，就近可办",
        hotline="12345",
        scope="openid profile",
        legal_basis="consent",
        purpose="办理本地政务服务事项",
        tiles=(
            ("出生一件事", "登记、预防接种、医保参保一次办"),
            ("居住证", "申领、签注与补换"),
            ("灵活就业", "登记与社保补贴"),
        ),
    )


NODES = (
    NodePart(HUB, "国家政务服务平台（演示）", "国家数据局（演示）", "信任锚、标识签发、关联服务"),
    NodePart(JIA, "甲省政务服务", "甲省数据局（演示）", "分建：省、市各自认证", HUB),
    NodePart(
        "jiazhou",
        "甲州市政务服务",
        "甲州市数据局（演示）",
        "分建：市里有自己的账号",
        JIA,
        colour="#8a1c1c",
        portal=_portal("jiazhou-hall", "甲州市民之家", "Jiazhou Citizens’ Hall", "甲州市政府"),
    ),
    NodePart(
        "jiayang",
        "甲阳市政务服务",
        "甲阳市数据局（演示）",
        "分建：市里有自己的账号",
        JIA,
        colour="#14532d",
    ),
    NodePart("yi", "乙省政务服务", "乙省数据局（演示）", "统分：账号在省里", HUB),
    NodePart(
        "yizhou",
        "乙州市政务服务",
        "乙州市数据局（演示）",
        "统分：网站在市里，登录在省里",
        "yi",
        home="yi",
        colour="#6b21a8",
        portal=_portal("yizhou-hall", "乙州市民中心", "Yizhou Citizens’ Centre", "乙州市政府"),
    ),
    NodePart(
        "bing",
        "丙省政务服务",
        "丙省数据局（演示）",
        "统建：全省一个平台",
        HUB,
        portal=_portal("bingzhou-hall", "丙州市民中心", "Bingzhou Citizens’ Centre", "丙州市政府"),
        dress="bingzhou",
    ),
)
DRESSES = {"bingzhou": {"name": "丙州市民中心", "colour": "#7c2d12"}}


def settings(part: NodePart, urls: Mapping[str, str], keys_file: Path) -> dict[str, Any]:
    """What makes a node this one, beside the settings all nodes of the demo have."""
    node = {"name": part.name, "organiser": part.organiser, "contact": "12345"}
    if part.colour:
        node["colour"] = part.colour
    dresses = {
        urls[city.slug]: {"name": city.name, "colour": city.colour}
        for city in NODES
        if city.home == part.slug
    }
    return {
        "node": node,
        "dresses": dresses | (DRESSES if part.dress else {}),
        "federation": _federation(part, urls, keys_file),
        "signals": {"heartbeat": 20},
    }


def _federation(part: NodePart, urls: Mapping[str, str], keys_file: Path) -> dict[str, Any]:
    if part.slug == HUB:
        return {"role": "anchor", "links": True}
    below = any(each.superior == part.slug for each in NODES)
    found: dict[str, Any] = {
        "role": "intermediate" if below else "leaf",
        "superiors": [urls[part.superior]],
        "anchors": [{"entity_id": urls[HUB], "keys": str(keys_file)}],
        "linking": urls[HUB],
    }
    if part.superior == HUB:
        anchor = urls[HUB]
        found["marks"] = [{"type": f"{anchor}/tm/{m}", "issuer": anchor} for m in MARKS]
    if part.home:
        found |= {"home": urls[part.home], "provider": False}
    return found


def limits(part: NodePart) -> dict[str, Any]:
    """What its superior holds it to: the way it is built."""
    if part.home:
        return {"allowed_entity_types": [PARTY]}
    if part.superior != HUB:
        return {"allowed_entity_types": [PROVIDER, PARTY]}
    return {}


def below(slug: str) -> Iterator[NodePart]:
    """Those a node vouches for."""
    return (part for part in NODES if part.superior == slug)


def described(urls: Mapping[str, str], files: Mapping[str, Path]) -> str:
    """What the page that draws the federation, and who joins its nodes, need to know."""
    nodes = [
        {
            "slug": part.slug,
            "name": part.name,
            "build": part.build,
            "url": urls[part.slug],
            "superior": part.superior,
            "settings": str(files[part.slug]),
            "portal": part.portal.name if part.portal else "",
            "portal_url": f"{urls[part.portal.slug]}/" if part.portal else "",
        }
        for part in NODES
    ]
    return json.dumps({"nodes": nodes}, ensure_ascii=False, indent=2)
