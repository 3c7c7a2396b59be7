"""A library nobody here wrote follows our statements to our anchor, and resolves what we do."""

import json
import subprocess
import time

import pytest

from idp.federation import chains, entity_ids, jwks, lint, policies, statements
from idp.federation.chains import Anchor
from tests.federation import builder
from tests.federation.builder import ANCHOR, GATEWAY, PROVINCE
from tests.federation.peers import SCRIPTS, node
from tests.federation.test_lint import ANCHOR_POLICY

pytestmark = pytest.mark.foreign_clients

BROADER = {"openid_provider": ANCHOR_POLICY["openid_provider"]}
"""Nothing of relying parties: the other library wants what is essential for them of everybody."""
NARROWER = {"openid_provider": {"id_token_signing_alg_values_supported": {"subset_of": ["ES256"]}}}
PROVIDER = {
    "issuer": GATEWAY,
    "subject_types_supported": ["pairwise", "public"],
    "id_token_signing_alg_values_supported": ["ES256", "RS256"],
    "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
    "authorization_endpoint": f"{GATEWAY}/authorize",
    "token_endpoint": f"{GATEWAY}/token",
    "response_types_supported": ["code"],
    "client_registration_types_supported": ["automatic"],
    "jwks_uri": f"{GATEWAY}/jwks",
}


@pytest.fixture(scope="module")
def documents():
    """What the three entities publish, by URL; signed as we sign, at this very time."""
    now = int(time.time())
    found = {}

    def publish(url, signer, claims):
        times = {"iat": now - 5, "exp": now + 600}
        found[url] = statements.make(claims | times, builder.key(signer))

    def configure(entity, *hints, **metadata):
        claims = builder.configuration_claims(entity, *hints, metadata=metadata)
        publish(entity_ids.configuration_url(entity_ids.parse(entity)), entity, claims)

    def vouch(superior, subject, **claims):
        claims = builder.statement_claims(superior, subject, **claims)
        publish(f"{superior}/fetch?sub={subject}", superior, claims)

    def superior(entity):
        return {
            "federation_fetch_endpoint": f"{entity}/fetch",
            "federation_list_endpoint": f"{entity}/list",
        }

    configure(ANCHOR, federation_entity=superior(ANCHOR))
    configure(PROVINCE, ANCHOR, federation_entity=superior(PROVINCE))
    configure(GATEWAY, PROVINCE, openid_provider=PROVIDER)
    vouch(ANCHOR, PROVINCE, metadata_policy=BROADER, constraints={"max_path_length": 1})
    vouch(PROVINCE, GATEWAY, metadata_policy=NARROWER)
    return found


def ours(documents):
    parsed = [statements.parse(token) for token in documents.values()]
    found = {(one.iss, one.sub): one for one in parsed}
    chain = [
        found[pair]
        for pair in ((GATEWAY, GATEWAY), (PROVINCE, GATEWAY), (ANCHOR, PROVINCE), (ANCHOR, ANCHOR))
    ]
    anchor_id = entity_ids.parse(ANCHOR)
    pinned = {anchor_id: Anchor(anchor_id, jwks.parse(builder.jwks(ANCHOR)))}
    return chains.validate(chain, pinned, time.time())


def test_the_lint_lets_these_policies_pass():
    assert lint.lint({"metadata_policy": ANCHOR_POLICY}) == ()
    assert lint.lint({"metadata_policy": NARROWER}, policies.parse(ANCHOR_POLICY)) == ()


def test_another_library_resolves_the_same_metadata(documents):
    given = {"documents": documents, "subject": GATEWAY, "anchor": ANCHOR}
    done = subprocess.run(
        [node(), "federation_chain.mjs"],
        cwd=SCRIPTS,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (theirs,) = json.loads(done.stdout)
    mine = ours(documents)
    resolved = mine.metadata["openid_provider"]
    assert resolved["subject_types_supported"] == ["pairwise"]
    assert resolved["id_token_signing_alg_values_supported"] == ["ES256"]
    assert resolved["require_pushed_authorization_requests"] is True
    assert theirs["metadata"]["openid_provider"] == resolved
    assert theirs["path"] == [[one.iss, one.sub] for one in mine.statements[1:]]
