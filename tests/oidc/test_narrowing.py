"""What is left of an authorization request once somebody would not hand over all of it."""

from typing import Any

import orjson
import pytest

from idp.consent.narrowing import without
from idp.consents import ASKED_EACH_TIME

VERIFICATION = {"trust_framework": None}


def left(claims: dict[str, Any]) -> Any:
    request = {"scope": "openid", "claims": orjson.dumps(claims).decode()}
    return orjson.loads(without(request, ASKED_EACH_TIME)["claims"])


def verified(*claims: str) -> dict[str, Any]:
    return {"verification": VERIFICATION, "claims": dict.fromkeys(claims)}


def test_the_scope_goes_and_everything_else_stays() -> None:
    request = {"scope": "openid id_number realname", "nonce": "n", "state": "s"}
    assert without(request, ASKED_EACH_TIME) == request | {"scope": "openid realname"}


@pytest.mark.parametrize("member", ["userinfo", "id_token"])
def test_claims_asked_for_one_by_one_go(member: str) -> None:
    asked = {member: {"id_number": {"essential": True}, "id_type": None, "real_name": None}}
    assert left(asked) == {member: {"real_name": None}}


def test_so_do_verified_ones_and_a_request_for_nothing_else() -> None:
    assert left({"userinfo": {"verified_claims": verified("name", "id_number")}}) == {
        "userinfo": {"verified_claims": verified("name")}
    }
    assert left({"userinfo": {"verified_claims": verified("id_number")}}) == {"userinfo": {}}
    both = [verified("id_number"), verified("id_type", "name")]
    assert left({"id_token": {"verified_claims": both, "acr": None}}) == {
        "id_token": {"verified_claims": [verified("name")], "acr": None}
    }


def test_what_is_no_object_is_left_alone() -> None:
    assert left({"userinfo": None, "other": "x"}) == {"userinfo": None, "other": "x"}
