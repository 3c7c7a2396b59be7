"""What the demo consists of: who is where, under which name, and with which secrets."""

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from demo import federation
from demo.cast import COMPANIES, ELSEWHERE, PASSWORD, PEOPLE, PORTALS, Person, PortalPart
from demo.federation import HUB, NodePart
from idp.sms.texts import NOTICES as NAMES
from sandbox.registry.alipay import new_keys

NODE, SANDBOX = "node", "sandbox"
NO_LIMITS = tuple(
    f"--{name}=0"
    for name in (
        "per-minute",
        "per-hour",
        "per-day",
        "any-sender-day",
        "calls-day",
        "tencent-gap",
        "tencent-day",
    )
)
"""The real services' limits per number would end a demo, or a test, after a few tries."""
WECHAT_APPS = {
    "website": "wx0000000000000001",
    "official_account": "wx0000000000000002",
    "mini_program": "wx0000000000000003",
}
"""The sandbox's, all of one platform account."""
RECEIPTS = "demo-receipts"
"""The last part of the address receipts are pushed to; a real node keeps its own secret."""
NOTICES = {name: f"{2000001 + n}" for n, name in enumerate(NAMES)}
"""Which notice goes out by which template; Aliyun's have SMS_ before the number."""


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
    nodes: tuple[NodePart, ...] = ()
    """The nodes of a federation, the main one among them; none: it stands alone."""
    more_clients: tuple[dict[str, Any], ...] = ()
    """Registrations beside the portals' own: for a developer's experiments, and for tests."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings of the node that differ from the demo's."""
    environment: dict[str, str] = field(default_factory=dict)
    """Environment variables for every process."""
    sandbox_options: tuple[str, ...] = NO_LIMITS

    @property
    def node(self) -> Place:
        return self.places[NODE]

    @property
    def sandbox(self) -> Place:
        return self.places[SANDBOX]

    @property
    def others(self) -> tuple[NodePart, ...]:
        """The nodes beside the main one, the anchor first."""
        return tuple(part for part in self.nodes if part.slug != NODE)

    @property
    def federation_file(self) -> Path:
        """Which nodes there are, for the page that draws them."""
        return self.var / "federation.json"

    @property
    def anchor_keys_file(self) -> Path:
        """What every node pins: the anchor's keys, handed over by hand as it were."""
        return self.var / "anchor-keys.json"

    def folder(self, slug: str) -> Path:
        """Where a node keeps what is its own."""
        return self.var if slug == NODE else self.var / "nodes" / slug

    def node_settings_file(self, slug: str) -> Path:
        return self.folder(slug) / "hutong.toml"

    def node_seed_file(self, slug: str) -> Path:
        return self.folder(slug) / "seed.json"

    @property
    def receipts(self) -> tuple[str, ...]:
        """Where the sandbox pushes receipts to, as its options."""
        base = f"http://127.0.0.1:{self.node.port}/sms/receipts"
        return tuple(
            f"--{provider.replace('_', '-')}-receipts={base}/{provider}/{RECEIPTS}"
            for provider in ("aliyun", "tencent", "aliyun_voice", "tencent_voice")
        )

    @property
    def register_file(self) -> Path:
        """Whom the sandbox's registers know: names by document number."""
        return self.var / "register.json"

    @property
    def companies_file(self) -> Path:
        """Which organisations they know: by credit code."""
        return self.var / "companies.json"

    @property
    def alipay_keys_file(self) -> Path:
        """Both key pairs, as the sandbox reads them; ours is in the node's settings too."""
        return self.var / "alipay-keys.json"

    @property
    def page_file(self) -> Path:
        """What ``/demo.json`` says."""
        return self.var / "demo.json"

    @property
    def secrets_file(self) -> Path:
        """Client secrets by client id."""
        return self.var / "client-secrets.json"

    def secret(self, client_id: str) -> str:
        return str(json.loads(self.secrets_file.read_text("utf-8"))[client_id])

    def portal_file(self, slug: str) -> Path:
        return self.var / "portals" / f"{slug}.toml"


def usual(var: Path, first_port: int = 8000) -> Plan:
    """The node on ``localhost``, every other party on a name of its own beside it."""
    first, second, *more = (portal.slug for portal in PORTALS)
    places = {NODE: Place.local("localhost", first_port)}
    nodes = [part.slug for part in federation.NODES if part.slug != NODE]
    halls = [part.portal.slug for part in federation.NODES if part.portal]
    for offset, name in enumerate((first, second, SANDBOX, *more, *nodes, *halls), 1):
        places[name] = Place.local(f"{name}.localhost", first_port + offset)
    return Plan(var, places, nodes=federation.NODES)


def write(plan: Plan) -> None:
    """Write what the node starts with; secrets it gave out at an earlier start stay."""
    plan.var.mkdir(parents=True, exist_ok=True)
    plan.var.chmod(0o700)
    if not plan.secrets_file.exists():
        _write(plan.secrets_file, "{}")
    if not plan.alipay_keys_file.exists():
        _write(plan.alipay_keys_file, json.dumps(new_keys()))
    _write(plan.node_settings_file(NODE), _toml(_main_settings(plan)))
    clients = [*(_registration(plan, portal) for portal in plan.portals), *plan.more_clients]
    _write_seed(plan, NODE, clients, PEOPLE)
    for part in plan.others:
        _write(plan.node_settings_file(part.slug), _toml(_other_settings(plan, part)))
        halls = [_registration(plan, part.portal, part.dress)] if part.portal else []
        _write_seed(plan, part.slug, halls, ELSEWHERE.get(part.slug, ()))
    if plan.nodes:
        files = {part.slug: plan.node_settings_file(part.slug) for part in plan.nodes}
        _write(plan.federation_file, federation.described(_urls(plan), files))
    everybody = (*PEOPLE, *(person for people in ELSEWHERE.values() for person in people))
    register = {person.id_number: {"name": person.name} for person in everybody}
    _write(plan.register_file, json.dumps(register, ensure_ascii=False, indent=2))
    companies = {
        company.code: {
            "name": company.name,
            "legal_person": company.legal_person,
            "legal_person_number": company.legal_person_number,
        }
        for company in COMPANIES
    }
    _write(plan.companies_file, json.dumps(companies, ensure_ascii=False, indent=2))
    _write(plan.page_file, json.dumps(_page(plan), ensure_ascii=False, indent=2))


def write_portals(plan: Plan) -> None:
    """Write what the portals start with, once the node gave out their secrets."""
    for portal in plan.portals:
        _write(plan.portal_file(portal.slug), _portal_toml(plan, portal, plan.node))


def write_halls(plan: Plan) -> None:
    """The same of the other nodes' portals."""
    for part in plan.others:
        if part.portal:
            text = _portal_toml(plan, part.portal, plan.places[part.slug])
            _write(plan.portal_file(part.portal.slug), text)


def _urls(plan: Plan) -> dict[str, str]:
    return {name: place.url for name, place in plan.places.items()}


def _write_seed(
    plan: Plan, slug: str, clients: list[dict[str, Any]], people: tuple[Person, ...]
) -> None:
    seed = {
        "clients": clients,
        "secrets": str(plan.secrets_file),
        "people": [asdict(person) for person in people],
    }
    _write(plan.node_seed_file(slug), json.dumps(seed, ensure_ascii=False, indent=2))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text, "utf-8")


def _main_settings(plan: Plan) -> dict[str, Any]:
    settings = _node_settings(plan)
    part = next((each for each in plan.nodes if each.slug == NODE), None)
    if part is not None:
        settings |= federation.settings(part, _urls(plan), plan.anchor_keys_file)
    for section, values in plan.settings.items():
        known = settings.get(section)
        settings[section] = known | values if isinstance(known, dict) else values
    return settings


def _other_settings(plan: Plan, part: NodePart) -> dict[str, Any]:
    """As the main node, but for who it is; people come to it by WeChat in no demo."""
    place = plan.places[part.slug]
    settings = {
        **_node_settings(plan),
        "issuer": place.url,
        "var_dir": str(plan.folder(part.slug)),
        "serve": {"host": "127.0.0.1", "port": place.port},
        **federation.settings(part, _urls(plan), plan.anchor_keys_file),
    }
    del settings["upstream"]
    return settings


def _node_settings(plan: Plan) -> dict[str, Any]:
    sandbox = f"http://127.0.0.1:{plan.sandbox.port}"
    alipay = json.loads(plan.alipay_keys_file.read_text("utf-8"))
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
            # Whoever tries the demo signs in more often in an hour than others in a week.
            **{"number_hour": 60, "number_day": 200, "device_day": 500},
            "receipt_path": RECEIPTS,
            "aliyun": {
                "endpoint": f"{sandbox}/aliyun/",
                "access_key_id": "sandbox-ak",
                "access_key_secret": "sandbox-secret",
                "template": "SMS_1000000",
                "notices": {name: f"SMS_{number}" for name, number in NOTICES.items()},
            },
            "tencent": {
                "endpoint": f"{sandbox}/tencent/",
                "secret_id": "sandbox-id",
                "secret_key": "sandbox-key",
                "app_id": "1400000000",
                "template": "1000000",
                "notices": NOTICES,
            },
            "callers": ["aliyun_voice", "tencent_voice"],
            "number_calls": 50,
            "aliyun_voice": {
                "endpoint": f"{sandbox}/aliyun-voice/",
                "access_key_id": "sandbox-ak",
                "access_key_secret": "sandbox-secret",
                "template": "TTS_1000000",
            },
            "tencent_voice": {
                "endpoint": f"{sandbox}/tencent-voice/",
                "secret_id": "sandbox-id",
                "secret_key": "sandbox-key",
                "app_id": "1400000000",
            },
        },
        "carrier": {
            "checks": ["aliyun_number"],
            "aliyun": {
                "endpoint": f"{sandbox}/aliyun-dytnsapi/",
                "access_key_id": "sandbox-ak",
                "access_key_secret": "sandbox-secret",
                "auth_code": "sandbox-code",
            },
        },
        "realname": {
            "verifiers": ["tencent_register", "aliyun_register", "tencent_face", "ncid"],
            "account_day": 50,
            "document_day": 50,
            "tencent": {
                "endpoint": f"{sandbox}/tencent-faceid/",
                "secret_id": "sandbox-id",
                "secret_key": "sandbox-key",
            },
            "tencent_rule": "1",
            "aliyun": {
                "endpoint": f"{sandbox}/aliyun-cloudauth/",
                "access_key_id": "sandbox-ak",
                "access_key_secret": "sandbox-secret",
            },
            "ncid": {
                "endpoint": f"{sandbox}/ncid",
                "app_url": f"{plan.sandbox.url}/ncid/app",
                "org_id": "ORG0000000001",
                "app_id": "APP0000000001",
                "key": "sandbox-ncid-key",
            },
        },
        "organisations": {
            "verifiers": ["aliyun_enterprise", "business_licence", "micro_transfer"],
            "account_day": 50,
            "organisation_day": 50,
            "aliyun": {
                "endpoint": f"{sandbox}/aliyun-enterprise/",
                "access_key_id": "sandbox-ak",
                "access_key_secret": "sandbox-secret",
            },
            "licence": {
                "endpoint": f"{sandbox}/licence",
                "app_id": "LIC0000000001",
                "key": "sandbox-licence-key",
            },
            "transfer": {
                "endpoint": f"{sandbox}/transfer",
                "app_id": "PAY0000000001",
                "key": "sandbox-transfer-key",
            },
        },
    }
    settings["upstream"] = {
        "wechat": {
            "api": f"{sandbox}/wechat",
            "pages": f"{plan.sandbox.url}/wechat",
            **{
                kind: {"app_id": app_id, "secret": "sandbox-wechat-secret"}
                for kind, app_id in WECHAT_APPS.items()
            },
        },
        "alipay": {
            "endpoint": f"{sandbox}/alipay/gateway.do",
            "page": f"{plan.sandbox.url}/alipay/oauth2/publicAppAuthorize.htm",
            "app_id": "2021000000000000",
            "private_key": alipay["app_private_key"],
            "alipay_public_key": alipay["public_key"],
        },
    }
    return settings


def _portal_toml(plan: Plan, portal: PortalPart, node: Place) -> str:
    secret = plan.secret(portal.slug)
    values: dict[str, Any] = {
        "slug": portal.slug,
        "name": portal.name,
        "organiser": portal.organiser,
        "motto": portal.motto,
        "hotline": portal.hotline,
        "base_url": plan.places[portal.slug].url,
        "issuer": node.url,
        "client_id": portal.slug,
        "client_secret": secret,
        "secret_key": sha256(f"cookie {secret}".encode()).hexdigest(),
        "store": f"{portal.slug}.db",
        "scope": portal.scope,
    }
    tiles = "".join(
        f"\n[[tiles]]\ntitle = {_value(title)}\ntext = {_value(text)}\n"
        for title, text in portal.tiles
    )
    return _toml(values) + tiles


def _registration(plan: Plan, portal: PortalPart, dress: str = "") -> dict[str, Any]:
    base = plan.places[portal.slug].url
    return {
        "client_id": portal.slug,
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
        **({"minimum_acr": portal.minimum_acr} if portal.minimum_acr else {}),
        **({"dress": dress} if dress else {}),
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
                "minimum_acr": p.minimum_acr,
                "organisations": "organisation" in p.scope.split(),
            }
            for p in plan.portals
        ],
        "phone": f"{plan.sandbox.url}/phone",
        "sandbox": f"{plan.sandbox.url}/magic",
        "companies": [
            {
                "name": company.name,
                "uscc": company.code,
                "legal_person": company.legal_person,
            }
            for company in COMPANIES
        ],
        "bank": f"{plan.sandbox.url}/bank",
        "federation": f"{plan.sandbox.url}/federation" if plan.nodes else "",
        "regions": [
            {
                "name": part.name,
                "build": part.build,
                "url": plan.places[part.slug].url,
                "portal": part.portal.name if part.portal else "",
                "portal_url": f"{plan.places[part.portal.slug].url}/" if part.portal else "",
                "people": [
                    {
                        "name": person.name,
                        "phone": person.phone,
                        "username": person.username,
                    }
                    for person in ELSEWHERE.get(part.slug, ())
                ],
            }
            for part in plan.others
            if part.slug != HUB
        ],
        "people": [
            {
                "name": person.name,
                "phone": person.phone,
                "id_number": person.id_number,
                "username": person.username,
                "password": PASSWORD if person.registered else "",
                "registered": person.registered,
                "note": person.note,
                "note_en": person.note_en,
                "inbox": f"{plan.sandbox.url}/phone/{person.phone}",
                "wechat": f"{plan.sandbox.url}/phone/{person.phone}/wechat",
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
            lines = "".join(f"{_value(k)} = {_value(v)}\n" for k, v in plain.items())
            key = f"{prefix}{_value(name)}"
            found.append(f"\n[{key}]\n{lines}")
            found.extend(_tables(table, f"{key}."))
    return found


def _value(value: Any) -> str:
    """JSON's strings, numbers and booleans are TOML's."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_value(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
