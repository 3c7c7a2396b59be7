"""The seven standard policy operators: what they take, how they merge, act and combine (§6.1.3.1).

Each is a row of ``OPERATORS``, in the order in which they are applied to one parameter.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import combinations
from typing import Any

from idp.federation.errors import PolicyError


class Absent(Enum):
    """The parameter is not there; ``[]`` and ``""`` are there."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Operator:
    name: str
    takes: Callable[[Any], bool]
    merge: Callable[[Any, Any], Any]
    """The superior's operand, the subordinate's; both satisfied by what it answers."""
    act: Callable[[Any, Any], Any]
    """The operand, the parameter or ``ABSENT``; answers the parameter as it is afterwards."""


def same(one: object, other: object) -> bool:
    """Equal as JSON: unlike in Python, ``true`` is not 1."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and one == other


def check(operands: Mapping[str, Any], about: str) -> None:
    """Raises PolicyError unless these operators may stand together on one parameter."""
    present = [one.name for one in OPERATORS if one.name in operands]
    for pair in combinations(present, 2):
        allowed = _TOGETHER.get(pair, _never)
        if not allowed(operands[pair[0]], operands[pair[1]]):
            raise PolicyError("combination", f"{about}: {pair[0]} and {pair[1]}")


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _boolean(value: object) -> bool:
    return isinstance(value, bool)


def _plain(value: object) -> bool:
    """A scalar or a list of scalars; comparing objects is optional, and nobody agrees on it."""
    return all(isinstance(item, str | int | float) for item in _items(value))


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _plain_or_null(value: object) -> bool:
    return value is None or _plain(value)


def _equal(superior: Any, subordinate: Any) -> Any:
    if not same(superior, subordinate):
        raise PolicyError("merge")
    return superior


def _union(superior: list[str], subordinate: list[str]) -> list[str]:
    return [*superior, *(item for item in subordinate if item not in superior)]


def _intersection(superior: list[str], subordinate: list[str]) -> list[str]:
    return [item for item in superior if item in subordinate]


def _some_in_common(superior: list[str], subordinate: list[str]) -> list[str]:
    if common := _intersection(superior, subordinate):
        return common
    raise PolicyError("merge")


def _either(superior: bool, subordinate: bool) -> bool:
    return superior or subordinate


def _assign(operand: Any, _parameter: Any) -> Any:
    return ABSENT if operand is None else operand


def _add(operand: list[str], parameter: Any) -> Any:
    return operand if parameter is ABSENT else _union(_list(parameter), operand)


def _default(operand: Any, parameter: Any) -> Any:
    return operand if parameter is ABSENT else parameter


def _one_of(operand: list[str], parameter: Any) -> Any:
    if parameter is not ABSENT and not isinstance(parameter, str):
        raise PolicyError("parameter-type")
    if parameter is not ABSENT and parameter not in operand:
        raise PolicyError("value")
    return parameter


def _subset_of(operand: list[str], parameter: Any) -> Any:
    return parameter if parameter is ABSENT else _intersection(_list(parameter), operand)


def _superset_of(operand: list[str], parameter: Any) -> Any:
    if parameter is not ABSENT and not _holds(_list(parameter), operand):
        raise PolicyError("value")
    return parameter


def _essential(operand: bool, parameter: Any) -> Any:
    if operand and parameter is ABSENT:
        raise PolicyError("absent")
    return parameter


def _list(parameter: Any) -> list[str]:
    if not _strings(parameter):
        raise PolicyError("parameter-type")
    return list(parameter)


def _holds(larger: Any, smaller: Any) -> bool:
    """Set inclusion between operands; what is no list of strings holds nothing."""
    return _strings(larger) and _strings(smaller) and set(smaller) <= set(larger)


def _always(_one: Any, _other: Any) -> bool:
    return True


def _never(_one: Any, _other: Any) -> bool:
    return False


OPERATORS = (
    Operator("value", _plain_or_null, _equal, _assign),
    Operator("add", _strings, _union, _add),
    Operator("default", _plain, _equal, _default),
    Operator("one_of", _strings, _some_in_common, _one_of),
    Operator("subset_of", _strings, _intersection, _subset_of),
    Operator("superset_of", _strings, _union, _superset_of),
    Operator("essential", _boolean, _either, _essential),
)

STANDARD = frozenset(operator.name for operator in OPERATORS)

_TOGETHER: Mapping[tuple[str, str], Callable[[Any, Any], bool]] = {
    ("value", "add"): _holds,
    ("value", "default"): lambda value, _: value is not None,
    ("value", "one_of"): lambda value, one_of: isinstance(value, str) and value in one_of,
    ("value", "subset_of"): lambda value, subset_of: _holds(subset_of, value),
    ("value", "superset_of"): _holds,
    ("value", "essential"): lambda value, essential: not (value is None and essential),
    ("add", "default"): _always,
    ("add", "subset_of"): lambda add, subset_of: _holds(subset_of, add),
    ("add", "superset_of"): _always,
    ("add", "essential"): _always,
    ("default", "one_of"): _always,
    ("default", "subset_of"): _always,
    ("default", "superset_of"): _always,
    ("default", "essential"): _always,
    ("one_of", "essential"): _always,
    ("subset_of", "superset_of"): _holds,
    ("subset_of", "essential"): _always,
    ("superset_of", "essential"): _always,
}
"""Which pairs may stand together, and when; the pairs are in the order of application."""
