"""Policies merge and apply here as elsewhere, but for what others are known to get wrong.

A case lists who is ``unlike`` the specification; one who is no longer fails the test as well, so
the lists, and the lint that keeps our own policies away from them, stay true.
"""

import importlib
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from idp.federation.operators import same
from tests.federation.peers import SCRIPTS, missing, node
from tests.federation.policy_cases import (
    ABSENT,
    APPLICATIONS,
    ERROR,
    MERGES,
    OIDFPOLICY,
    OPENID_FEDERATION,
    Application,
    Merge,
)

TYPE = "openid_provider"


def parameters(case: Application) -> dict[str, Any]:
    return {} if case.given is ABSENT else {"x": case.given}


def as_sets(value: Any) -> Any:
    """What others merge or apply, whatever order they leave it in."""
    if isinstance(value, dict):
        return {name: as_sets(item) for name, item in value.items()}
    return sorted(value, key=str) if isinstance(value, list) else value


def agrees(theirs: Any, ours: Any) -> bool:
    if ERROR in (theirs, ours) or ABSENT in (theirs, ours):
        return theirs is ours
    one, other = as_sets(theirs), as_sets(ours)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return same(one, other)


@pytest.fixture(scope="module")
def oidfpolicy() -> Callable[..., Any]:
    try:
        library = importlib.import_module(OIDFPOLICY)
    except ImportError:
        missing(OIDFPOLICY)

    def ask(work: str, *given: Any) -> Any:
        try:
            return json.loads(getattr(library, work)(*map(json.dumps, given)))
        except BaseException as error:
            if isinstance(error, RuntimeError) or type(error).__name__ == "PanicException":
                return ERROR
            raise

    return ask


@pytest.mark.parametrize("case", MERGES, ids=str)
def test_oidfpolicy_merges(case: Merge, oidfpolicy: Callable[..., Any]) -> None:
    documents = [{"metadata_policy": {"x": one}} for one in (case.superior, case.subordinate)]
    answer = oidfpolicy("merge_policies", *documents)
    theirs = ERROR if answer is ERROR else answer["metadata_policy"].get("x", {})
    assert agrees(theirs, case.merged) is (OIDFPOLICY not in case.unlike)


@pytest.mark.parametrize("case", APPLICATIONS, ids=str)
def test_oidfpolicy_applies(case: Application, oidfpolicy: Callable[..., Any]) -> None:
    document = {"metadata_policy": {TYPE: {"x": case.policy}}, "metadata": {}}
    answer = oidfpolicy("apply_policy", document, {TYPE: parameters(case)})
    theirs = ERROR if answer is ERROR else answer[TYPE].get("x", ABSENT)
    assert agrees(theirs, case.result) is (OIDFPOLICY not in case.unlike)


@pytest.fixture(scope="module")
def openid_federation() -> dict[str, list[dict[str, Any]]]:
    """All its answers: one process for all cases."""
    given = {
        "merges": [{"superior": one.superior, "subordinate": one.subordinate} for one in MERGES],
        "applications": [
            {"policy": one.policy, "parameters": parameters(one)} for one in APPLICATIONS
        ],
    }
    done = subprocess.run(
        [node(), "federation_policies.mjs"],
        cwd=SCRIPTS,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return answers


@pytest.mark.foreign_clients
@pytest.mark.parametrize("place", range(len(MERGES)), ids=[str(case) for case in MERGES])
def test_openid_federation_merges(place: int, openid_federation: Any) -> None:
    theirs = openid_federation["merges"][place].get("result", ERROR)
    case = MERGES[place]
    assert agrees(theirs, case.merged) is (OPENID_FEDERATION not in case.unlike)


@pytest.mark.foreign_clients
@pytest.mark.parametrize(
    "place", range(len(APPLICATIONS)), ids=[str(case) for case in APPLICATIONS]
)
def test_openid_federation_applies(place: int, openid_federation: Any) -> None:
    answer = openid_federation["applications"][place]
    theirs = answer["result"].get("x", ABSENT) if "result" in answer else ERROR
    case = APPLICATIONS[place]
    assert agrees(theirs, case.result) is (OPENID_FEDERATION not in case.unlike)
