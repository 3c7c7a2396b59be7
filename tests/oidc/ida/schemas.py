"""The published JSON schemas, and as much of JSON Schema 2020-12 as they use.

A keyword nobody here knows fails, so that nothing in a schema is passed over in silence.
"""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FILES = ("verified_claims.json", "verified_claims_request.json", "claims_schema.json")
SCHEMAS = {
    schema["$id"]: schema
    for schema in (json.loads((FOLDER / name).read_text("utf-8")) for name in FILES)
}
BASE = "https://bitbucket.org/openid/ekyc-ida/raw/master/schema/"
NOTES = {"$id", "$schema", "$defs", "then", "else", "additionalProperties"}
"""What says nothing by itself, or is read with its neighbour."""
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


class Invalid(AssertionError):
    """What was said has not the form the working group published."""


def check(said: Any, file: str) -> None:
    """Raises Invalid with the place of what is wrong."""
    url = BASE + file
    _Checker(url)(said, SCHEMAS[url], file)


class _Checker:
    def __init__(self, url: str):
        self.url = url

    def __call__(self, said: Any, schema: Any, at: str) -> None:
        if schema is True:
            return
        if unknown := schema.keys() - RULES.keys() - NOTES:
            raise NotImplementedError(f"{at}: {unknown}")
        for keyword, rule in RULES.items():
            if keyword in schema:
                rule(self, said, schema, at)

    def passes(self, said: Any, schema: Any, at: str) -> bool:
        try:
            self(said, schema, at)
        except Invalid:
            return False
        return True

    def ref(self, said: Any, schema: Any, at: str) -> None:
        url, _, path = schema["$ref"].partition("#/")
        found: Any = SCHEMAS[url or self.url]
        for name in path.split("/"):
            found = found[name]
        _Checker(url or self.url)(said, found, at)

    def type(self, said: Any, schema: Any, at: str) -> None:
        wanted = schema["type"]
        for name in wanted if isinstance(wanted, list) else [wanted]:
            if name in {"number", "integer"}:
                kind: Any = int if name == "integer" else int | float
                if isinstance(said, kind) and not isinstance(said, bool):
                    return
            elif isinstance(said, TYPES[name]):
                return
        raise Invalid(f"{at}: {said!r} is no {wanted}")

    def enum(self, said: Any, schema: Any, at: str) -> None:
        _demand(said in schema["enum"], f"{at}: {said!r} is none of {schema['enum']}")

    def const(self, said: Any, schema: Any, at: str) -> None:
        _demand(said == schema["const"], f"{at}: {said!r} is not {schema['const']!r}")

    def pattern(self, said: Any, schema: Any, at: str) -> None:
        if isinstance(said, str):
            _demand(bool(re.search(schema["pattern"], said)), f"{at}: {said!r} has another form")

    def format(self, said: Any, schema: Any, at: str) -> None:
        read: dict[str, Callable[[str], Any]] = {
            "date-time": lambda text: datetime.fromisoformat(text).utcoffset().total_seconds(),  # type: ignore[union-attr]
            "date": date.fromisoformat,
            "uri": lambda text: text.index(":"),
        }
        try:
            read[schema["format"]](said)
        except (ValueError, AttributeError):
            raise Invalid(f"{at}: {said!r} is no {schema['format']}") from None

    def minimum(self, said: Any, schema: Any, at: str) -> None:
        if isinstance(said, int | float):
            _demand(said >= schema["minimum"], f"{at}: {said!r} is too small")

    def properties(self, said: Any, schema: Any, at: str) -> None:
        for name in schema["properties"] if isinstance(said, dict) else ():
            if name in said:
                self(said[name], schema["properties"][name], f"{at}.{name}")
        self.others(said, schema, at)

    def others(self, said: Any, schema: Any, at: str) -> None:
        rest = schema.get("additionalProperties", True)
        known = schema.get("properties", {})
        for name in said.keys() - known.keys() if isinstance(said, dict) else ():
            _demand(rest is not False, f"{at}: {name} does not belong here")
            self(said[name], rest, f"{at}.{name}")

    def required(self, said: Any, schema: Any, at: str) -> None:
        missing = set(schema["required"]) - set(said) if isinstance(said, dict) else set()
        _demand(not missing, f"{at}: {missing} is missing")

    def min_properties(self, said: Any, schema: Any, at: str) -> None:
        if isinstance(said, dict):
            _demand(len(said) >= schema["minProperties"], f"{at}: has too little")
            if "properties" not in schema:
                self.others(said, schema, at)

    def items(self, said: Any, schema: Any, at: str) -> None:
        for n, each in enumerate(said if isinstance(said, list) else ()):
            self(each, schema["items"], f"{at}[{n}]")

    def min_items(self, said: Any, schema: Any, at: str) -> None:
        if isinstance(said, list):
            _demand(len(said) >= schema["minItems"], f"{at}: has too little")

    def unique(self, said: Any, schema: Any, at: str) -> None:
        if isinstance(said, list):
            _demand(len({json.dumps(each) for each in said}) == len(said), f"{at}: repeats itself")

    def all_of(self, said: Any, schema: Any, at: str) -> None:
        for each in schema["allOf"]:
            self(said, each, at)

    def any_of(self, said: Any, schema: Any, at: str) -> None:
        fitting = [self.passes(said, each, at) for each in schema["anyOf"]]
        _demand(any(fitting), f"{at}: {said!r} fits none")

    def one_of(self, said: Any, schema: Any, at: str) -> None:
        fitting = [self.passes(said, each, at) for each in schema["oneOf"]]
        _demand(sum(fitting) == 1, f"{at}: {said!r} fits {sum(fitting)}, not one")

    def if_(self, said: Any, schema: Any, at: str) -> None:
        then = schema["then"] if self.passes(said, schema["if"], at) else schema["else"]
        self(said, then, at)


RULES: dict[str, Callable[[_Checker, Any, Any, str], None]] = {
    "$ref": _Checker.ref,
    "type": _Checker.type,
    "enum": _Checker.enum,
    "const": _Checker.const,
    "pattern": _Checker.pattern,
    "format": _Checker.format,
    "minimum": _Checker.minimum,
    "properties": _Checker.properties,
    "required": _Checker.required,
    "minProperties": _Checker.min_properties,
    "items": _Checker.items,
    "minItems": _Checker.min_items,
    "uniqueItems": _Checker.unique,
    "allOf": _Checker.all_of,
    "anyOf": _Checker.any_of,
    "oneOf": _Checker.one_of,
    "if": _Checker.if_,
}


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Invalid(otherwise)
