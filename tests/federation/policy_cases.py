"""What policies do, as a table: merged (superior, subordinate) and applied (policy, parameter).

``unlike`` names the implementations known to do something else than the specification.
"""

from dataclasses import dataclass
from typing import Any

OIDFPOLICY = "oidfpolicy"
OPENID_FEDERATION = "@openid-federation/core"
ERROR = object()
ABSENT = object()


@dataclass(frozen=True)
class Merge:
    superior: dict[str, Any]
    subordinate: dict[str, Any]
    merged: Any
    unlike: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.superior} over {self.subordinate}"


@dataclass(frozen=True)
class Application:
    policy: dict[str, Any]
    given: Any
    result: Any
    unlike: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.policy} on {'nothing' if self.given is ABSENT else self.given}"


MERGES = (
    # Each operator with itself.
    Merge({"value": "a"}, {"value": "a"}, {"value": "a"}),
    Merge({"value": "a"}, {"value": "b"}, ERROR),
    Merge({"value": ["a"]}, {"value": ["a"]}, {"value": ["a"]}),
    Merge({"value": ["a"]}, {"value": ["a", "b"]}, ERROR),
    Merge({"value": True}, {"value": True}, {"value": True}),
    Merge({"value": True}, {"value": 1}, ERROR),
    Merge({"value": 0}, {"value": False}, ERROR, unlike=(OPENID_FEDERATION,)),
    Merge({"value": None}, {"value": None}, {"value": None}),
    Merge({"value": None}, {"value": "a"}, ERROR),
    Merge({"add": ["a"]}, {"add": ["b"]}, {"add": ["a", "b"]}),
    Merge({"add": ["a", "b"]}, {"add": ["b", "c"]}, {"add": ["a", "b", "c"]}),
    Merge({"default": "a"}, {"default": "a"}, {"default": "a"}),
    Merge({"default": "a"}, {"default": "b"}, ERROR),
    Merge({"default": ["a"]}, {"default": ["b"]}, ERROR),
    Merge({"one_of": ["a", "b"]}, {"one_of": ["b", "c"]}, {"one_of": ["b"]}, unlike=(OIDFPOLICY,)),
    Merge({"one_of": ["a", "b"]}, {"one_of": ["b"]}, {"one_of": ["b"]}),
    Merge({"one_of": ["a", "b"]}, {"one_of": ["c"]}, ERROR),
    Merge({"subset_of": ["a", "b"]}, {"subset_of": ["b", "c"]}, {"subset_of": ["b"]}),
    Merge(
        {"subset_of": ["a", "b"]},
        {"subset_of": ["c"]},
        {"subset_of": []},
        unlike=(OPENID_FEDERATION,),
    ),
    Merge(
        {"superset_of": ["a"]},
        {"superset_of": ["c"]},
        {"superset_of": ["a", "c"]},
        unlike=(OIDFPOLICY,),
    ),
    Merge(
        {"superset_of": ["a", "b"]},
        {"superset_of": ["b"]},
        {"superset_of": ["a", "b"]},
        unlike=(OIDFPOLICY,),
    ),
    Merge({"essential": True}, {"essential": False}, {"essential": True}),
    Merge({"essential": False}, {"essential": True}, {"essential": True}),
    Merge({"essential": False}, {"essential": False}, {"essential": False}),
    # Two operators, one from each.
    Merge({"value": ["a"]}, {"add": ["b"]}, ERROR),
    Merge(
        {"value": ["a", "b"]},
        {"add": ["b"]},
        {"value": ["a", "b"], "add": ["b"]},
        unlike=(OPENID_FEDERATION,),
    ),
    Merge(
        {"add": ["b"]},
        {"value": ["a", "b"]},
        {"value": ["a", "b"], "add": ["b"]},
        unlike=(OPENID_FEDERATION,),
    ),
    Merge({"value": "a"}, {"add": ["a"]}, ERROR, unlike=(OIDFPOLICY,)),
    Merge({"value": None}, {"add": ["a"]}, ERROR),
    Merge(
        {"value": "a"},
        {"default": "b"},
        {"value": "a", "default": "b"},
        unlike=(OPENID_FEDERATION,),
    ),
    Merge({"value": None}, {"default": "b"}, ERROR),
    Merge(
        {"value": "a"},
        {"one_of": ["a", "b"]},
        {"value": "a", "one_of": ["a", "b"]},
        unlike=(OPENID_FEDERATION,),
    ),
    Merge({"value": "c"}, {"one_of": ["a", "b"]}, ERROR),
    Merge({"one_of": ["a", "b"]}, {"value": "c"}, ERROR),
    Merge({"value": None}, {"one_of": ["a"]}, ERROR),
    Merge(
        {"value": ["a"]},
        {"subset_of": ["a", "b"]},
        {"value": ["a"], "subset_of": ["a", "b"]},
        unlike=(OPENID_FEDERATION,),
    ),
    Merge({"value": ["a", "c"]}, {"subset_of": ["a", "b"]}, ERROR),
    Merge(
        {"value": []},
        {"subset_of": ["a"]},
        {"value": [], "subset_of": ["a"]},
        unlike=(OPENID_FEDERATION,),
    ),
    Merge({"value": None}, {"subset_of": ["a"]}, ERROR),
    Merge(
        {"value": ["a", "b"]},
        {"superset_of": ["a"]},
        {"value": ["a", "b"], "superset_of": ["a"]},
        unlike=(OPENID_FEDERATION,),
    ),
    Merge({"value": ["b"]}, {"superset_of": ["a"]}, ERROR),
    Merge({"value": None}, {"superset_of": ["a"]}, ERROR),
    Merge({"value": "a"}, {"essential": True}, {"value": "a", "essential": True}),
    Merge({"value": None}, {"essential": True}, ERROR, unlike=(OPENID_FEDERATION,)),
    Merge({"value": None}, {"essential": False}, {"value": None, "essential": False}),
    Merge({"add": ["a"]}, {"default": ["b"]}, {"add": ["a"], "default": ["b"]}),
    Merge({"add": ["a"]}, {"one_of": ["a"]}, ERROR, unlike=(OIDFPOLICY,)),
    Merge({"add": ["a"]}, {"subset_of": ["a", "b"]}, {"add": ["a"], "subset_of": ["a", "b"]}),
    Merge({"add": ["c"]}, {"subset_of": ["a", "b"]}, ERROR, unlike=(OPENID_FEDERATION,)),
    Merge({"add": ["a"]}, {"superset_of": ["b"]}, {"add": ["a"], "superset_of": ["b"]}),
    Merge({"add": ["a"]}, {"essential": True}, {"add": ["a"], "essential": True}),
    Merge({"default": "a"}, {"one_of": ["b"]}, {"default": "a", "one_of": ["b"]}),
    Merge({"default": ["a"]}, {"subset_of": ["b"]}, {"default": ["a"], "subset_of": ["b"]}),
    Merge({"default": ["a"]}, {"superset_of": ["b"]}, {"default": ["a"], "superset_of": ["b"]}),
    Merge({"default": "a"}, {"essential": True}, {"default": "a", "essential": True}),
    Merge({"one_of": ["a"]}, {"subset_of": ["a"]}, ERROR, unlike=(OIDFPOLICY,)),
    Merge({"one_of": ["a"]}, {"superset_of": ["a"]}, ERROR, unlike=(OIDFPOLICY,)),
    Merge({"one_of": ["a"]}, {"essential": True}, {"one_of": ["a"], "essential": True}),
    Merge({"subset_of": ["a"]}, {"superset_of": ["c"]}, ERROR, unlike=(OPENID_FEDERATION,)),
    Merge(
        {"subset_of": ["a", "b"]},
        {"superset_of": ["a"]},
        {"subset_of": ["a", "b"], "superset_of": ["a"]},
    ),
    Merge({"subset_of": ["a"]}, {"essential": True}, {"subset_of": ["a"], "essential": True}),
    Merge({"superset_of": ["a"]}, {"essential": True}, {"superset_of": ["a"], "essential": True}),
    # What is allowed in each alone may not be allowed in the merged policy.
    Merge(
        {"add": ["a"], "subset_of": ["a", "b"]},
        {"subset_of": ["b"]},
        ERROR,
        unlike=(OPENID_FEDERATION,),
    ),
    Merge({"value": "a", "one_of": ["a", "b"]}, {"one_of": ["b"]}, ERROR),
    Merge(
        {"subset_of": ["a", "b"], "superset_of": ["a"]},
        {"superset_of": ["b"]},
        {"subset_of": ["a", "b"], "superset_of": ["a", "b"]},
        unlike=(OIDFPOLICY,),
    ),
    Merge(
        {"subset_of": ["a", "b"], "superset_of": ["a"]},
        {"subset_of": ["b"]},
        ERROR,
        unlike=(OPENID_FEDERATION,),
    ),
    # Broken from the start, whatever it is merged with.
    Merge({"value": {"a": 1}}, {}, ERROR, unlike=(OIDFPOLICY, OPENID_FEDERATION)),
    Merge({"value": [["a"]]}, {}, ERROR, unlike=(OIDFPOLICY, OPENID_FEDERATION)),
    Merge({"default": {}}, {}, ERROR, unlike=(OIDFPOLICY, OPENID_FEDERATION)),
    Merge({"add": "a"}, {}, ERROR, unlike=(OIDFPOLICY,)),
    Merge({"add": [1]}, {}, ERROR, unlike=(OIDFPOLICY, OPENID_FEDERATION)),
    Merge({"default": None}, {}, ERROR, unlike=(OIDFPOLICY,)),
    Merge({"one_of": "a"}, {}, ERROR, unlike=(OIDFPOLICY,)),
    Merge({"subset_of": [None]}, {}, ERROR, unlike=(OIDFPOLICY,)),
    Merge({"superset_of": {}}, {}, ERROR, unlike=(OIDFPOLICY,)),
    Merge({"essential": "true"}, {}, ERROR, unlike=(OIDFPOLICY,)),
    Merge({}, {"essential": 1}, ERROR, unlike=(OIDFPOLICY,)),
)

APPLICATIONS = (
    Application({"value": "a"}, ABSENT, "a"),
    Application({"value": "a"}, "b", "a"),
    Application({"value": None}, "b", ABSENT),
    Application({"value": None}, ABSENT, ABSENT),
    Application({"value": False}, True, False),
    Application({"add": ["a"]}, ABSENT, ["a"]),
    Application({"add": ["a", "b"]}, ["b", "c"], ["b", "c", "a"]),
    Application({"add": ["a"]}, "b", ERROR),
    Application({"add": ["a"]}, [{"b": 1}], ERROR, unlike=(OIDFPOLICY, OPENID_FEDERATION)),
    Application({"default": "a"}, ABSENT, "a"),
    Application({"default": "a"}, "b", "b"),
    Application({"default": ["a"]}, [], []),
    Application({"one_of": ["a", "b"]}, "a", "a"),
    Application({"one_of": ["a", "b"]}, "c", ERROR),
    Application({"one_of": ["a", "b"]}, ABSENT, ABSENT),
    Application({"one_of": ["a", "b"], "essential": True}, ABSENT, ERROR),
    Application({"one_of": ["a"]}, ["a"], ERROR),
    Application({"one_of": ["a"]}, 1, ERROR),
    Application({"one_of": [""]}, "", ""),
    Application({"one_of": []}, "a", ERROR),
    # The specification's own table.
    Application({"subset_of": ["a", "b", "c"], "essential": True}, ["a", "e"], ["a"]),
    Application({"subset_of": ["a", "b", "c"], "essential": False}, ["a", "e"], ["a"]),
    Application(
        {"subset_of": ["a", "b", "c"], "essential": True},
        ["d", "e"],
        [],
        unlike=(OPENID_FEDERATION,),
    ),
    Application(
        {"subset_of": ["a", "b", "c"], "essential": False},
        ["d", "e"],
        [],
        unlike=(OPENID_FEDERATION,),
    ),
    Application({"subset_of": ["a", "b", "c"], "essential": True}, ABSENT, ERROR),
    Application(
        {"subset_of": ["a", "b", "c"], "essential": False},
        ABSENT,
        ABSENT,
        unlike=(OIDFPOLICY, OPENID_FEDERATION),
    ),
    Application({"subset_of": ["a"]}, "a", ERROR, unlike=(OIDFPOLICY,)),
    Application({"subset_of": ["a"]}, ["a", 1], ERROR, unlike=(OIDFPOLICY, OPENID_FEDERATION)),
    Application({"subset_of": ["a"]}, ABSENT, ABSENT, unlike=(OPENID_FEDERATION,)),
    Application({"subset_of": []}, ["a"], [], unlike=(OPENID_FEDERATION,)),
    Application({"superset_of": ["a"]}, ["b", "a"], ["b", "a"], unlike=(OPENID_FEDERATION,)),
    Application({"superset_of": ["a"]}, ["a"], ["a"]),
    Application({"superset_of": ["a", "b"]}, ["a"], ERROR, unlike=(OPENID_FEDERATION,)),
    Application({"superset_of": ["a"]}, ABSENT, ABSENT, unlike=(OPENID_FEDERATION,)),
    Application({"superset_of": ["a"], "essential": True}, ABSENT, ERROR),
    Application({"superset_of": ["a"]}, "a", ERROR, unlike=(OIDFPOLICY,)),
    Application({"essential": True}, "a", "a", unlike=(OIDFPOLICY,)),
    Application({"essential": True}, [], [], unlike=(OIDFPOLICY, OPENID_FEDERATION)),
    Application({"essential": True}, {"b": [{}]}, {"b": [{}]}, unlike=(OIDFPOLICY,)),
    Application({"essential": True}, ABSENT, ERROR),
    Application({"essential": False}, ABSENT, ABSENT, unlike=(OIDFPOLICY,)),
    # One operator after the other.
    Application({"value": ["a", "b"], "add": ["b"]}, ["c"], ["a", "b"]),
    Application({"add": ["a"], "default": ["b"]}, ABSENT, ["a"]),
    Application({"default": ["d"], "subset_of": ["d", "e"]}, ABSENT, ["d"]),
    Application({"default": ["d", "f"], "subset_of": ["d", "e"]}, ABSENT, ["d"]),
    Application({"default": "a", "one_of": ["b"]}, ABSENT, ERROR, unlike=(OIDFPOLICY,)),
    Application({"default": ["a"], "superset_of": ["b"]}, ABSENT, ERROR),
    Application({"add": ["a"], "superset_of": ["a", "b"]}, ["b"], ["b", "a"]),
    Application({"subset_of": ["a", "b"], "superset_of": ["a"]}, ["a", "c"], ["a"]),
    Application({"subset_of": ["a", "b"], "superset_of": ["a"]}, ["b", "c"], ERROR),
    Application({"default": "a", "essential": True}, ABSENT, "a"),
    Application({"add": ["a"], "essential": True}, ABSENT, ["a"]),
    Application({"subset_of": ["pairwise"], "superset_of": ["pairwise"]}, ["public"], ERROR),
)
