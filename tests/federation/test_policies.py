"""Metadata policies merge and apply as the specification's text has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.federation import policies
from idp.federation.errors import FederationError, PolicyError
from idp.federation.operators import same
from tests.federation.policy_cases import ABSENT, APPLICATIONS, ERROR, MERGES


def policy(operands, parameter="x", entity_type="openid_provider"):
    return {entity_type: {parameter: operands}}


def merge(superior, subordinate):
    one, other = (policies.parse(policy(operands)) for operands in (superior, subordinate))
    return policies.merge(one, other)["openid_provider"]["x"]


def apply(operands, given, parameter="x"):
    """What becomes of one parameter."""
    parameters = {} if given is ABSENT else {parameter: given}
    parsed = policies.parse(policy(operands, parameter))
    applied = policies.apply(parsed, {"openid_provider": parameters})
    return applied["openid_provider"].get(parameter, ABSENT)


def alike(one, other):
    """Operand by operand, as sets where they are lists: their order means nothing."""
    return one.keys() == other.keys() and all(
        set(one[name]) == set(other[name])
        if isinstance(one[name], list)
        else same(one[name], other[name])
        for name in one
    )


@pytest.mark.parametrize("case", MERGES, ids=str)
def test_merging(case):
    if case.merged is ERROR:
        with pytest.raises(PolicyError):
            merge(case.superior, case.subordinate)
        return
    assert alike(merge(case.superior, case.subordinate), case.merged)


@pytest.mark.parametrize("case", APPLICATIONS, ids=str)
def test_applying(case):
    if case.result is ERROR:
        with pytest.raises(PolicyError):
            apply(case.policy, case.given)
        return
    assert same(apply(case.policy, case.given), case.result)


@pytest.mark.parametrize(
    ("operands", "given", "result"),
    [
        ({"subset_of": ["openid", "profile"]}, "openid email", "openid"),
        ({"subset_of": ["openid"]}, "email", ""),
        ({"subset_of": ["openid"]}, ABSENT, ABSENT),
        ({"superset_of": ["openid"]}, "profile openid", "profile openid"),
        ({"superset_of": ["openid"]}, "openid2", ERROR),
        ({"add": ["openid"]}, "profile", "profile openid"),
        ({"add": ["openid"]}, ABSENT, "openid"),
        ({"value": "openid profile"}, "email", "openid profile"),
        ({"value": ["openid", "profile"]}, "email", "openid profile"),
        ({"value": None}, "email", ABSENT),
        ({"default": "openid"}, ABSENT, "openid"),
        ({"default": ["openid"]}, "email", "email"),
        ({"value": "openid profile", "subset_of": ["openid", "profile"]}, "x", "openid profile"),
        ({"value": "openid email", "subset_of": ["openid", "profile"]}, "x", ERROR),
        ({"essential": True}, "a  b", "a b"),
        ({"one_of": ["openid"]}, "openid", ERROR),
        ({"subset_of": ["openid"]}, 1, ERROR),
    ],
)
def test_scope_is_a_list_for_policies_and_a_string_for_everybody_else(operands, given, result):
    if result is ERROR:
        with pytest.raises(PolicyError):
            apply(operands, given, "scope")
        return
    assert apply(operands, given, "scope") == result


def test_scope_operands_merge_whichever_way_they_are_written():
    one = policies.parse(policy({"default": "openid profile"}, "scope"))
    other = policies.parse(policy({"default": ["openid", "profile"]}, "scope"))
    assert policies.merge(one, other) == one


def test_three_levels_are_merged():
    superior = policies.parse(
        {"openid_provider": {"a": {"essential": True}}, "oauth_client": {"c": {"value": 1}}}
    )
    subordinate = policies.parse(
        {"openid_provider": {"a": {"one_of": ["x"]}, "b": {"value": 2}}, "other": {}}
    )
    assert policies.merge(superior, subordinate) == {
        "openid_provider": {"a": {"essential": True, "one_of": ["x"]}, "b": {"value": 2}},
        "oauth_client": {"c": {"value": 1}},
        "other": {},
    }


def test_a_policy_is_for_entity_types_that_are_there():
    applied = policies.apply(policies.parse(policy({"essential": True})), {"oauth_client": {}})
    assert applied == {"oauth_client": {}}


def test_a_policy_for_one_language_touches_no_other():
    parsed = policies.parse(policy({"value": "省"}, "organization_name#zh-Hans-CN"))
    applied = policies.apply(parsed, {"openid_provider": {"organization_name": "A"}})
    assert applied["openid_provider"] == {
        "organization_name": "A",
        "organization_name#zh-Hans-CN": "省",
    }


def test_an_unknown_operator_that_nobody_calls_critical_does_nothing():
    assert policies.parse(policy({"regexp": "^a$", "essential": True})) == policy(
        {"essential": True}
    )


@pytest.mark.parametrize("name", ["regexp", "intersects"])
def test_an_unknown_operator_that_is_critical_is_an_error(name):
    with pytest.raises(PolicyError) as failure:
        policies.parse_critical([name])
    assert (failure.value.reason, failure.value.about) == ("critical", name)


def test_an_error_says_where():
    with pytest.raises(PolicyError) as failure:
        apply({"one_of": ["a"]}, "b")
    assert failure.value.about == "openid_provider.x.one_of"
    with pytest.raises(PolicyError) as failure:
        merge({"value": "a"}, {"value": "b"})
    assert failure.value.about == "openid_provider.x.value"
    with pytest.raises(PolicyError) as failure:
        merge({"add": ["a"]}, {"one_of": ["a"]})
    assert failure.value.about == "openid_provider.x: add and one_of"


def test_the_policies_of_a_chain_are_merged_from_the_anchor_down():
    chain = [policies.parse(policy({"add": [name]})) for name in "abc"]
    assert policies.merge_all(chain) == policy({"add": ["a", "b", "c"]})
    assert policies.merge_all([]) == {}


words = st.sampled_from(["a", "b", "c"])
lists = st.lists(words, max_size=3, unique=True)
plain = words | lists | st.booleans() | st.integers(0, 1)
operands = st.fixed_dictionaries(
    {},
    optional={
        "value": st.none() | plain,
        "add": lists,
        "default": plain,
        "one_of": lists,
        "subset_of": lists,
        "superset_of": lists,
        "essential": st.booleans(),
    },
)
whole = st.dictionaries(
    st.sampled_from(["t", "u"]), st.dictionaries(st.sampled_from(["x", "scope"]), operands)
)
metadata = st.dictionaries(
    st.sampled_from(["t", "u"]), st.fixed_dictionaries({}, optional={"x": plain, "scope": words})
)


def outcome(make, *given):
    try:
        return make(*given)
    except PolicyError:
        return ERROR


def merged(one, other):
    return ERROR if ERROR in (one, other) else outcome(policies.merge, one, other)


@given(whole, whole, whole)
def test_merging_is_the_same_wherever_one_begins(one, two, three):
    one, two, three = (outcome(policies.parse, each) for each in (one, two, three))
    assert merged(merged(one, two), three) == merged(one, merged(two, three))


@given(whole)
def test_merging_a_policy_with_itself_or_with_none_changes_nothing(claim):
    parsed = outcome(policies.parse, claim)
    if parsed is not ERROR:
        assert policies.merge(parsed, policies.NONE) == parsed
        assert policies.merge(policies.NONE, parsed) == parsed
        again = merged(parsed, parsed)
        # An empty ``one_of`` is a policy that nothing satisfies; merged, it is an error.
        assert again in (parsed, ERROR)


@given(whole, metadata)
def test_a_policy_applied_twice_does_what_it_did_once(claim, given):
    parsed = outcome(policies.parse, claim)
    once = ERROR if parsed is ERROR else outcome(policies.apply, parsed, given)
    if once is not ERROR:
        assert policies.apply(parsed, once) == once


@given(whole, whole, metadata)
def test_who_satisfies_both_satisfies_the_checks_of_each(superior, subordinate, given):
    """A subordinate cannot loosen what a superior checks, nor the other way round."""
    one, other = outcome(policies.parse, superior), outcome(policies.parse, subordinate)
    both = merged(one, other)
    result = ERROR if both is ERROR else outcome(policies.apply, both, given)
    if result is not ERROR:
        for each in (one, other):
            assert policies.apply(each, result) == result


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2) | st.sampled_from(["value", "add", "one_of"]), inner)
    ),
    max_leaves=10,
)


@given(anything, anything)
def test_any_json_is_a_policy_or_refused(claim, value):
    try:
        parsed = policies.parse(policy(claim))
        policies.apply(policies.merge(parsed, parsed), {"openid_provider": {"x": value}})
    except FederationError as error:
        assert error.reason
