"""The peers, as published: how each is installed, started and signed in to."""

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from bench import engines, install
from bench.browser import Answer, Browser
from bench.install import VAR
from bench.processes import BOTH_CORES, SERVER_CORES, Command, listens, running, spare_port
from bench.targets import ISSUER, KEEPER, PORTAL, REDIRECT_URI, SERVICE, Paths, Target

NODE = "node_redis"
PEERS = (NODE,)


def started(name: str, bed: engines.Bed) -> AbstractContextManager[Target]:
    if name not in PEERS:
        raise install.Missing(f"no peer is called {name!r}; there are {', '.join(PEERS)}")
    return node(bed.redis)


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
