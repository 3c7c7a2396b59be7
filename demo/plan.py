"""What the demo consists of: who is where, under which name, and with which secrets."""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.cast import PASSWORD, PEOPLE, PORTALS, PortalPart

NODE, SANDBOX = "node", "sandbox"


@dataclass(frozen=True)
class Place:
    """One party: what browsers call it, and the loopback port it listens on."""

    url: str
    port: int

    @classmethod
    def local(cls, host: str, port: int) -> "Place":
        return cls(f"http://{host}:{port}", port)


@dataclass(frozen=True)
class Plan:
    var: Path
    """Everything the demo writes is in here."""
    places: dict[str, Place]
    """``node``, ``sandbox`` and each portal by its slug: no two share a host name."""
    portals: tuple[PortalPart, ...] = PORTALS
    more_clients: tuple[dict[str, Any], ...] = ()
    """Registrations beside the portals' own: for a developer's experiments, and for tests."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings of the node that differ from the demo's."""
    environment: dict[str, str] = field(default_factory=dict)
    """Environment variables for every process."""
    sandbox_options: tuple[str, ...] = ()

    @property
    def node(self) -> Place:
        return self.places[NODE]

    @property
    def sandbox(self) -> Place:
        return self.places[SANDBOX]

    @property
    def settings_file(self) -> Path:
        return self.var / "hutong.toml"

    @property
    def seed_file(self) -> Path:
        return self.var / "seed.json"

    @property
    def page_file(self) -> Path:
        """What ``/demo.json`` says."""
        return self.var / "demo.json"

    def portal_file(self, slug: str) -> Path:
        return self.var / "portals" / f"{slug}.toml"


def usual(var: Path, first_port: int = 8000) -> Plan:
    """The node on ``localhost``, every other party on a name of its own beside it."""
    places = {NODE: Place.local("localhost", first_port)}
    for offset, portal in enumerate(PORTALS, 1):
        places[portal.slug] = Place.local(f"{portal.slug}.localhost", first_port + offset)
    sandbox_port = first_port + len(PORTALS) + 1
    places[SANDBOX] = Place.local("sandbox.localhost", sandbox_port)
    return Plan(var, places)


def write(plan: Plan) -> None:
    """Write every party's configuration; secrets made at the first start stay."""
    plan.var.mkdir(parents=True, exist_ok=True)
    plan.var.chmod(0o700)
    kept = _secrets(plan)
    _write(plan.settings_file, _toml(_node_settings(plan)))
    for portal in plan.portals:
        _write(plan.portal_file(portal.slug), _portal_toml(plan, portal, kept[portal.slug]))
    clients = [_registration(plan, p, kept[p.slug]["client"]) for p in plan.portals]
    seed = {"clients": [*clients, *plan.more_clients], "password": PASSWORD}
    _write(plan.seed_file, json.dumps(seed, ensure_ascii=False, indent=2))
    _write(plan.page_file, json.dumps(_page(plan), ensure_ascii=False, indent=2))


def _secrets(plan: Plan) -> dict[str, dict[str, str]]:
    file = plan.var / "secrets.json"
    kept: dict[str, dict[str, str]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for portal in plan.portals:
        kept.setdefault(portal.slug, {k: secrets.token_urlsafe(32) for k in ("client", "cookie")})
    _write(file, json.dumps(kept, indent=2))
    return kept


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text, "utf-8")


def _node_settings(plan: Plan) -> dict[str, Any]:
    sandbox = f"http://127.0.0.1:{plan.sandbox.port}"
    settings = {
        "environment": "demo",
        "issuer": plan.node.url,
        "var_dir": str(plan.var),
        "node": {
            "name": "甲省政务服务",
            "organiser": "甲省数据局（演示）",
            "contact": "12345",
        },
        "serve": {"host": "127.0.0.1", "port": plan.node.port},
        "development": {"allow_loopback": True, "sandbox_url": plan.sandbox.url},
        "sms": {
            "providers": ["aliyun", "tencent"],
            "signature": "甲省政务",
            "aliyun": {
                "endpoint": f"{sandbox}/aliyun/",
                "access_key_id": "sandbox",
                "access_key_secret": "sandbox-secret",
                "template": "SMS_1000000",
            },
            "tencent": {
                "endpoint": f"{sandbox}/tencent/",
                "secret_id": "sandbox",
                "secret_key": "sandbox-secret",
                "app_id": "1400000000",
                "template": "1000000",
            },
        },
    }
    for section, values in plan.settings.items():
        known = settings.get(section)
        settings[section] = known | values if isinstance(known, dict) else values
    return settings


def _portal_toml(plan: Plan, portal: PortalPart, kept: dict[str, str]) -> str:
    values: dict[str, Any] = {
        "slug": portal.slug,
        "name": portal.name,
        "organiser": portal.organiser,
        "motto": portal.motto,
        "hotline": portal.hotline,
        "base_url": plan.places[portal.slug].url,
        "issuer": plan.node.url,
        "client_id": portal.slug,
        "client_secret": kept["client"],
        "secret_key": kept["cookie"],
        "store": f"{portal.slug}.db",
        "scope": portal.scope,
    }
    tiles = "".join(
        f"\n[[tiles]]\ntitle = {_value(title)}\ntext = {_value(text)}\n"
        for title, text in portal.tiles
    )
    return _toml(values) + tiles


def _registration(plan: Plan, portal: PortalPart, secret: str) -> dict[str, Any]:
    base = plan.places[portal.slug].url
    return {
        "client_id": portal.slug,
        "secret": secret,
        "name": portal.name,
        "name_en": portal.name_en,
        "legal_name": portal.organiser,
        "contact": portal.hotline,
        "purpose": portal.purpose,
        "scope": portal.scope,
        "legal_basis": portal.legal_basis,
        "statute": portal.statute,
        "claims": list(portal.claims),
        "home_uri": f"{base}/",
        "initiate_login_uri": f"{base}/login",
        "redirect_uris": [f"{base}/callback"],
        "post_logout_redirect_uris": [f"{base}/signed-out"],
        "backchannel_logout_uri": f"{base}/backchannel-logout",
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code"],
    }


def _page(plan: Plan) -> dict[str, Any]:
    return {
        "nodes": [{"name": "甲省统一身份认证平台", "url": plan.node.url}],
        "portals": [
            {
                "name": p.name,
                "url": f"{plan.places[p.slug].url}/",
                "legal_basis": p.legal_basis,
                "client_id": p.slug,
            }
            for p in plan.portals
        ],
        "phone": f"{plan.sandbox.url}/phone",
        "sandbox": f"{plan.sandbox.url}/",
        "people": [
            {
                "name": person.name,
                "phone": person.phone,
                "username": person.username,
                "password": PASSWORD if person.registered else "",
                "registered": person.registered,
                "note": person.note,
                "inbox": f"{plan.sandbox.url}/phone?number={person.phone}",
            }
            for person in PEOPLE
        ],
    }


def _toml(values: dict[str, Any]) -> str:
    """TOML of two levels, which is all the settings have, deeper tables by dotted names."""
    lines = [f"{k} = {_value(v)}" for k, v in values.items() if not isinstance(v, dict)]
    return "\n".join(lines) + "\n" + "".join(_tables(values, ""))


def _tables(values: dict[str, Any], prefix: str) -> list[str]:
    found = []
    for name, table in values.items():
        if isinstance(table, dict):
            plain = {k: v for k, v in table.items() if not isinstance(v, dict)}
            lines = "".join(f"{k} = {_value(v)}\n" for k, v in plain.items())
            found.append(f"\n[{prefix}{name}]\n{lines}")
            found.extend(_tables(table, f"{prefix}{name}."))
    return found


def _value(value: Any) -> str:
    """JSON's strings, numbers, booleans and lists are TOML's."""
    return json.dumps(value, ensure_ascii=False)
