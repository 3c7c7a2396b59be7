"""The peers, as published: how each is installed, started and signed in to."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bench import engines, install
from bench.browser import Answer, Browser
from bench.install import VAR
from bench.ours import THREADS
from bench.processes import BOTH_CORES, SERVER_CORES, Command, Program, listens, running, spare_port
from bench.targets import ISSUER, KEEPER, PORTAL, REDIRECT_URI, SERVICE, Paths, Target

NODE = "node_redis"
AUTHLIB = "authlib_sample"
DJANGO = "django_toolkit"
PEERS = (NODE, AUTHLIB, DJANGO)


def started(name: str, bed: engines.Bed) -> AbstractContextManager[Target]:
    if name not in PEERS:
        raise install.Missing(f"no peer is called {name!r}; there are {', '.join(PEERS)}")
    if name == NODE:
        return node(bed.redis)
    return (authlib_sample if name == AUTHLIB else django_toolkit)(bed.postgres)


NOT_DONE = {
    NODE: "no audit trail, no access log, no limits; consent once for ever, nothing sealed at rest;"
    " state in Redis only; its security headers are left to whoever deploys it",
    AUTHLIB: "no audit trail, no access log, no limits, no headers, no error pages; tokens in plain"
    " text in PostgreSQL; access tokens outlive the session; claims are `sub` alone",
    DJANGO: "no audit trail, no access log, no limits; RS256 in place of ES256; client secrets"
    " unhashed and consent skipped, both in its favour; tokens in PostgreSQL",
}
"""What ours does within the same requests and they do not."""


@contextmanager
def node(redis: engines.Redis, processes: int = 1) -> Iterator[Target]:
    """node-oidc-provider with its Redis adapter, on the Node.js release it asks for."""
    home, port, secret = install.node_packages("node"), spare_port(), secrets.token_hex(24)
    environ = {
        "NODE_ENV": "production",
        "PORT": str(port),
        "ISSUER": ISSUER,
        "REDIRECT_URI": REDIRECT_URI,
        "SECRET": secret,
        "KEYS_FILE": str(home / "keys.json"),
        "REDIS_URL": redis.url(1),
        "PROCESSES": str(processes),
    }
    command = Command(
        NODE,
        [home / "node_modules" / ".bin" / "node", "server.mjs"],
        VAR / "logs" / f"{NODE}.log",
        environ,
        home,
        SERVER_CORES if processes == 1 else BOTH_CORES,
    )
    with running(command, lambda: listens(port)) as program:
        yield Target(
            name=NODE,
            port=port,
            program=program,
            paths=Paths("/auth", "/token", "/me", "/token/introspection", "/jwks"),
            secrets={client_id: secret for client_id in (PORTAL, KEEPER, SERVICE)},
            signs_in=_at_one_page,
        )


async def _at_one_page(browser: Browser, url: str, number: int) -> Answer:
    """Whatever the page asks, its one button answers."""
    answer = await browser.visits(url)
    for _ in range(3):
        if answer.location.startswith(REDIRECT_URI):
            return answer
        answer = await browser.presses("go", username=f"bench{number:08d}")
    return answer


@contextmanager
def authlib_sample(postgres: engines.Postgres) -> Iterator[Target]:
    """Authlib's engine the way its documentation teaches it: Flask and SQL."""
    url = postgres.database(AUTHLIB).replace("postgresql://", "postgresql+psycopg://")
    paths = Paths("/oauth/authorize", "/oauth/token", "/oauth/userinfo", "/oauth/introspect",
                  "/jwks.json")  # fmt: skip
    with _gunicorn(AUTHLIB, {"DATABASE_URL": url}) as (program, port, secret):
        yield Target(
            name=AUTHLIB,
            port=port,
            program=program,
            paths=paths,
            secrets={client_id: secret for client_id in (PORTAL, KEEPER, SERVICE)},
            signs_in=_at_one_page,
            redirects_by=302,
            slowness=2.0,
        )


@contextmanager
def django_toolkit(postgres: engines.Postgres) -> Iterator[Target]:
    """django-oauth-toolkit; it signs with RS256, having no ES256."""
    postgres.database(DJANGO)
    environ = {
        "DATABASE": DJANGO,
        "DATABASE_HOST": str(postgres.directory),
        "DATABASE_PORT": str(postgres.port),
        "KEY_FILE": str(_rsa_key()),
    }
    paths = Paths("/o/authorize/", "/o/token/", "/o/userinfo/", "/o/introspect/",
                  "/o/.well-known/jwks.json")  # fmt: skip
    with _gunicorn(DJANGO, environ) as (program, port, secret):
        yield Target(
            name=DJANGO,
            port=port,
            program=program,
            paths=paths,
            secrets={client_id: secret for client_id in (PORTAL, KEEPER, SERVICE)},
            signs_in=_at_one_page,
            algorithm="RS256",
            issuers=(f"{ISSUER}/o",),
            redirects_by=302,
            slowness=2.0,
        )


@contextmanager
def _gunicorn(name: str, environ: Mapping[str, str]) -> Iterator[tuple[Program, int, str]]:
    """One process, with as many threads as ours."""
    binaries, port, secret = install.python_packages(name), spare_port(), secrets.token_hex(24)
    given = {"ISSUER": ISSUER, "REDIRECT_URI": REDIRECT_URI, "SECRET": secret}
    words = [binaries / "gunicorn", "--worker-class", "gthread", "--threads", str(THREADS),
             "--bind", f"127.0.0.1:{port}", "--keep-alive", "75", "--log-level", "warning",
             "app:app"]  # fmt: skip
    log = VAR / "logs" / f"{name}.log"
    home = install.SERVERS / name
    command = Command(name, words, log, {**environ, **given}, home, SERVER_CORES)
    with running(command, lambda: listens(port)) as program:
        yield program, port, secret


def _rsa_key() -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file = VAR / DJANGO / "key.pem"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file
