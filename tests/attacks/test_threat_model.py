"""The threat model names tests that exist, and no attack test hides from it."""

import re

import pytest

from idp.settings import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", TEXT)))


def test_it_names_many_tests() -> None:
    assert len(NAMED) > 40


@pytest.mark.parametrize(("path", "name"), NAMED, ids="::".join)
def test_a_named_test_exists(path: str, name: str) -> None:
    source = (ROOT / "tests" / path).read_text("utf-8")

    assert re.search(rf"^\s*def {name}\(", source, re.MULTILINE)


def test_every_row_says_which_test_shows_it() -> None:
    section = TEXT.partition("## What is defended")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]

    assert rows
    assert all("::" in row.rsplit("|", 2)[1] for row in rows)


def test_the_readme_leads_to_it() -> None:
    assert "docs/security.md" in (ROOT / "README.md").read_text("utf-8")
