"""An operator brings a table of regions, looks at it, and reads the rules of risk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.settings import SettingsError
from tests.commands.conftest import Run
from tests.engines.pairs import Engines


@pytest.fixture(autouse=True)
def table(engines: Engines) -> Iterator[Path]:
    path = engines.var_dir / "regions.table"
    yield path
    path.unlink(missing_ok=True)


def test_a_table_is_imported_looked_at_and_asked(command: Run, tmp_path: Path) -> None:
    assert "there is no table of regions" in command("regions", "status").output
    source = tmp_path / "ipv4_source.txt"
    source.write_text("192.0.2.0|192.0.2.255|中国|0|广东省|深圳市|电信\n", "utf-8")

    assert command("regions", "import", str(source)).output.startswith("1 ranges of 1 regions")

    assert command("regions", "find", "192.0.2.9").output == "广东 深圳\n"
    assert command("regions", "find", "198.51.100.1").output == "unknown\n"
    assert "from ipv4_source.txt, made" in command("regions", "status").output


def test_a_file_with_a_mistake_names_its_line_and_changes_nothing(
    command: Run, tmp_path: Path, table: Path
) -> None:
    source = tmp_path / "bad.csv"
    source.write_text("192.0.2.0/24,广东\n192.0.2.0/33,北京\n", "utf-8")

    assert "line 2" in command("regions", "import", str(source), status=1).output
    assert not table.exists()


def test_the_doctor_says_of_regions_and_finds_a_table_that_is_not_whole(
    command: Run, table: Path
) -> None:
    assert "· Regions: there is no table" in command("doctor", status=1).output
    table.write_bytes(b"HTREGION1\nxx")
    found = command("doctor", status=1).output
    assert f"✗ {table} is not whole: import it again" in found


def test_the_rules_and_signals_are_listed(command: Run) -> None:
    said = command("risk").output
    assert "new_place_and_browser: new_region and new_browser: second_factor" in said
    assert "journey_minutes <= 60" in said


def test_a_wrong_rule_is_named(
    command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "risk.toml"
    wrong.write_text("[[rules]]\nname = 'x'\nwhen = { moon = 1 }\naction = 'stop'\n")
    monkeypatch.setenv("HUTONG_RISK__RULES", str(wrong))

    with pytest.raises(SettingsError, match="rule 1: there is no signal moon"):
        command("risk")
