"""What a federation costs an anchor: chains, resolving, lists, and what a process remembers.

One process, no network: entities with keys of their own show their chains, as they would in a
request, and the anchor's endpoints are asked as functions.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from joserfc.jwk import ECKey

import idp
from bench.engines import Bed
from idp import settings
from idp.federation import chains, signed
from idp.federation.signed import Typ
from idp.oidc.federation import answers
from idp.services import Services
from idp.store.engines import db
from idp.store.subordinates import ACTIVE, Subordinate
from idp.trust.kinds import REGION

ANCHOR = "https://fed.example.gov.cn"
NODES, PARTIES = 434, 10_000
"""34 provinces and 400 cities, and the portals of all of them."""
_TRIES = 2_000
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Cost(NamedTuple):
    what: str
    value: float
    unit: str


class _Entity(NamedTuple):
    name: str
    key: ECKey
    provider: bool

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [{**self.key.as_dict(private=False), "kid": self.key.kid}]}


def measure(bed: Bed, nodes: int = NODES, parties: int = PARTIES) -> list[Cost]:
    """The costs, in the order of the table."""
    with _anchor(bed) as found, found.app_context():
        services: Services = found.extensions["idp"]
        entities = [_entity(number, provider=number < nodes) for number in range(nodes + parties)]
        db.session.add_all(map(_row, entities))
        db.session.commit()
        return [*_chains(services, entities), *_endpoints(entities)]


def as_markdown(costs: list[Cost]) -> str:
    lines = ["| what | |", "|---|---:|"]
    lines += [f"| {each.what} | {each.value:,.1f} {each.unit} |" for each in costs]
    return "\n".join(lines)


@contextmanager
def _anchor(bed: Bed) -> Iterator[Any]:
    with TemporaryDirectory() as directory:
        configured = settings.load(
            environment="testing",
            issuer=ANCHOR,
            var_dir=Path(directory),
            store={"redis_url": bed.redis.url(9)},
            federation={"role": "anchor"},
        )
        app = idp.create_app(configured)
        with app.app_context():
            db.create_all()
            app.extensions["idp"].keys.prepare()
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        app.extensions["redis"].close()


def _chains(services: Services, entities: list[_Entity]) -> list[Cost]:
    own = services.trust.own
    rows = {each.entity_id: each for each in db.session.scalars(db.select(Subordinate))}
    top = own.configuration()
    shown = [
        (each.name, [_configuration(each), own.statement_about(rows[each.name]), top])
        for each in entities
    ]
    before, began = _memory(), time.perf_counter()
    for name, tokens in shown:
        services.trust.shown(name, tokens)
    first = (time.perf_counter() - began) / len(shown)
    grown = (_memory() - before) / len(shown)
    tokens = shown[0][1]
    anchors, rules = services.trust.anchors(), services.trust.rules

    def again() -> None:
        chains.validate(chains.parse(tokens, rules), anchors, time.time(), rules=rules)

    names = [name for name, _ in shown]
    return [
        Cost(
            "a chain of three statements, read and validated for the first time", first * 1e6, "µs"
        ),
        Cost("the same again, its statements read before", _each(again) * 1e6, "µs"),
        Cost("a chain that is known", _each(_in_turn(services.trust.chain, names)) * 1e6, "µs"),
        Cost("memory of one entity that is known", grown / 1024, "KB"),
        Cost(f"memory of all {len(names)}", grown * len(names) / 2**20, "MB"),
    ]


def _endpoints(entities: list[_Entity]) -> list[Cost]:
    names = [each.name for each in entities]
    asked = [{"sub": [name], "trust_anchor": [ANCHOR]} for name in names]
    fetched = [{"sub": [name]} for name in names]
    resolve = 1 / _each(_in_turn(answers.resolve, asked))
    fetch = 1 / _each(_in_turn(answers.fetch, fetched))
    whole = _each(lambda: answers.list_({}), 5)
    some = _each(lambda: answers.list_({"entity_type": ["openid_provider"]}), 5)
    return [
        Cost("resolve, of entities that are known", resolve, "a second"),
        Cost("fetch", fetch, "a second"),
        Cost(f"list of {len(names)}", whole * 1e3, "ms"),
        Cost("the same, of providers alone", some * 1e3, "ms"),
        Cost("fetches an hour of whoever knows all nodes", _hourly(NODES), ""),
        Cost("fetches an hour of whoever knows all portals as well", _hourly(len(names)), ""),
    ]


def _hourly(entities: int) -> float:
    """Two statements of each, its own and its superior's, asked for again every soft life."""
    return 2 * entities * 3600 / settings.Federation().refresh.total_seconds()


def _entity(number: int, *, provider: bool) -> _Entity:
    key = ECKey.generate_key("P-256")
    named = ECKey.import_key({**key.as_dict(private=True), "kid": key.thumbprint()})
    kind = "id" if provider else "portal"
    return _Entity(f"https://{kind}-{number}.example.gov.cn", named, provider)


def _row(entity: _Entity) -> Subordinate:
    types = ["openid_relying_party", *(["openid_provider"] if entity.provider else [])]
    return Subordinate(
        entity_id=entity.name,
        status=ACTIVE,
        entity_types=types,
        jwks=entity.jwks,
        constraints={},
        metadata_policy={},
        metadata_={},
    )


def _configuration(entity: _Entity) -> str:
    now = int(time.time())
    party: dict[str, Any] = {
        "client_name": entity.name,
        "client_registration_types": ["automatic"],
        "redirect_uris": [f"{entity.name}/callback"],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "private_key_jwt",
        "id_token_signed_response_alg": "ES256",
        "jwks": entity.jwks,
    }
    metadata = {
        "federation_entity": {"organization_name": entity.name, REGION: "330000"},
        "openid_relying_party": party,
    }
    claims = {
        "iss": entity.name,
        "sub": entity.name,
        "iat": now,
        "exp": now + 86_400,
        "jwks": entity.jwks,
        "authority_hints": [ANCHOR],
        "metadata": metadata,
    }
    return signed.sign(claims, Typ.ENTITY_STATEMENT, entity.key)


def _in_turn(do: Callable[[Any], Any], values: list[Any]) -> Callable[[], None]:
    turn = iter(values * 2)
    return lambda: do(next(turn)) and None


def _each(do: Callable[[], Any], tries: int = _TRIES) -> float:
    """Seconds of one, over ``tries``."""
    began = time.perf_counter()
    for _ in range(tries):
        do()
    return (time.perf_counter() - began) / tries


def _memory() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE
