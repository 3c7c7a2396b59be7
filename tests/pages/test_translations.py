"""Every text a person may read exists in English, with the same places to fill."""

import re

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from idp.settings import ROOT

PLACE = re.compile(r"%\(\w+\)s|\{\w+\}")


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    path = ROOT / "translations" / "en" / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalogue = read_po(file)
    return {message.id: message.string for message in catalogue if message.id and not message.fuzzy}


@pytest.fixture(scope="module")
def used() -> set[str]:
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {"_": None, "N_": None, "_l": None, "gettext": None, "lazy_gettext": None}
    texts: set[str] = set()
    for part in ("idp", "templates"):
        prefix = [(pattern.removeprefix(f"{part}/"), method) for pattern, method in methods]
        found = extract_from_dir(ROOT / part, prefix, _local(options, part), keywords)
        texts |= {message for _, _, message, _, _ in found}
    return texts


def _local(options: dict[str, dict[str, str]], part: str) -> dict[str, dict[str, str]]:
    return {pattern.removeprefix(f"{part}/"): given for pattern, given in options.items()}


def test_every_text_is_said_in_english(used, english):
    missing = sorted(text for text in used if not english.get(text))

    assert missing == []


def test_no_english_text_is_left_of_what_was_removed(used, english):
    assert sorted(set(english) - used) == []


def test_an_english_text_fills_the_same_places(english):
    for chinese, text in english.items():
        assert sorted(PLACE.findall(chinese)) == sorted(PLACE.findall(text)), chinese


def test_an_english_text_has_no_chinese_left(english):
    assert [text for text in english.values() if re.search(r"[\u4e00-\u9fff]", text)] == []
