"""Our own policies stay where all implementations agree."""

import pytest

from idp.federation import lint, policies
from idp.federation.errors import PolicyError
from idp.federation.lint import Finding
from tests.federation.policy_cases import APPLICATIONS, MERGES

ANCHOR_POLICY = {
    "openid_provider": {
        "subject_types_supported": {"subset_of": ["pairwise"], "superset_of": ["pairwise"]},
        "id_token_signing_alg_values_supported": {"subset_of": ["ES256", "PS256", "RS256"]},
        "token_endpoint_auth_methods_supported": {
            "subset_of": ["private_key_jwt"],
            "essential": True,
        },
        "require_pushed_authorization_requests": {"value": True},
    },
    "openid_relying_party": {
        "subject_type": {"value": "pairwise"},
        "id_token_signed_response_alg": {"one_of": ["ES256", "PS256", "RS256"]},
        "contacts": {"essential": True},
    },
}


def findings(operands, above=None):
    claims = {"metadata_policy": {"t": {"x": operands}}}
    superior = policies.parse({"t": {"x": above}} if above else {})
    return [finding.rule for finding in lint.lint(claims, superior)]


def test_the_policy_of_our_anchor_is_agreed_on():
    assert lint.lint({"metadata_policy": ANCHOR_POLICY}) == ()


@pytest.mark.parametrize(
    ("operands", "rules"),
    [
        ({"value": "a"}, []),
        ({"value": None}, []),
        ({"value": "a", "essential": True}, ["value-alone"]),
        ({"value": ["a"], "subset_of": ["a"]}, ["value-alone"]),
        ({"default": "a"}, ["operator"]),
        ({"regexp": "a"}, ["operator"]),
        ({"superset_of": ["a"]}, ["superset-equal"]),
        ({"superset_of": ["a"], "subset_of": ["a", "b"]}, ["superset-equal"]),
        ({"superset_of": ["b", "a"], "subset_of": ["a", "b"]}, []),
        ({"subset_of": []}, ["empty"]),
        ({"one_of": []}, ["empty"]),
        ({"add": []}, ["empty"]),
        ({}, ["empty"]),
        ({"essential": False}, ["essential-false"]),
        ({"one_of": ["a"], "subset_of": ["a"]}, ["combination"]),
        ({"add": "a"}, ["operator-type"]),
    ],
)
def test_one_authority(operands, rules):
    assert findings(operands) == rules


@pytest.mark.parametrize(
    ("above", "operands", "rules"),
    [
        ({"subset_of": ["a", "b"]}, {"subset_of": ["a"]}, []),
        ({"subset_of": ["a", "b"], "essential": True}, {"subset_of": ["a"]}, []),
        ({"subset_of": ["a", "b"]}, {"subset_of": ["a", "c"]}, ["one-authority"]),
        ({"subset_of": ["a", "b"]}, {"subset_of": ["c"]}, ["one-authority"]),
        ({"subset_of": ["a", "b"]}, {"subset_of": []}, ["empty"]),
        ({"subset_of": ["a", "b"]}, {"essential": True}, ["one-authority"]),
        ({"subset_of": ["a"]}, {"subset_of": ["a"], "essential": True}, ["one-authority"]),
        ({"essential": True}, {"subset_of": ["a"]}, ["one-authority"]),
        ({"essential": True}, {"essential": True}, ["one-authority"]),
        ({"one_of": ["a", "b"]}, {"one_of": ["a"]}, ["one-authority"]),
        ({"add": ["a"]}, {"add": ["b"]}, ["one-authority"]),
        ({"value": "a"}, {"value": "a"}, ["one-authority"]),
        ({"value": "a"}, {"value": "b"}, ["merge"]),
        (
            {"subset_of": ["a", "b"], "superset_of": ["a", "b"]},
            {"subset_of": ["a"]},
            ["combination"],
        ),
    ],
)
def test_two_authorities(above, operands, rules):
    assert findings(operands, above) == rules


def test_what_belongs_to_the_entity_or_to_nobody_is_found():
    claims = {
        "metadata": {"federation_entity": {"federation_fetch_endpoint": "x", "contacts": ["c"]}},
        "metadata_policy_crit": ["regexp"],
        "metadata_policy": {"openid_provider": {}},
    }
    assert lint.lint(claims) == (
        Finding("critical", "metadata_policy_crit"),
        Finding("endpoint", "federation_fetch_endpoint"),
        Finding("empty", "openid_provider"),
    )


@pytest.mark.parametrize("case", [one for one in MERGES if one.unlike], ids=str)
def test_where_implementations_differ_in_merging_the_lint_objects(case):
    try:
        above = policies.parse({"t": {"x": case.superior}})
    except PolicyError:
        return  # the superior's own lint stops it
    below = {"metadata_policy": {"t": {"x": case.subordinate}}}
    assert lint.lint(below, above) or findings(case.superior)


def differs_on_a_value(case):
    """On one that is there and passes: whether it will be there the lint cannot see."""
    return bool(case.unlike and isinstance(case.result, list) and case.result)


@pytest.mark.parametrize("case", list(filter(differs_on_a_value, APPLICATIONS)), ids=str)
def test_where_implementations_differ_in_applying_the_lint_objects(case):
    assert findings(case.policy)
