"""What the guide shows is what the tests run."""

import re
import textwrap
from pathlib import Path

import pytest

GUIDE = Path("docs/connect-a-portal.md")
PIECES = re.findall(
    r"<!-- from: (?P<path>\S+) -->\n```\w+\n(?P<code>.*?)```", GUIDE.read_text("utf-8"), re.DOTALL
)


@pytest.mark.parametrize(("path", "code"), PIECES)
def test_each_piece_of_code_is_cut_from_a_program(path: str, code: str) -> None:
    program = [line.strip() for line in Path(path).read_text("utf-8").splitlines()]
    wanted = [line.strip() for line in textwrap.dedent(code).splitlines()]

    assert any(program[start : start + len(wanted)] == wanted for start in range(len(program))), (
        f"the guide and {path} differ"
    )


def test_each_stack_has_a_piece() -> None:
    assert {Path(path).suffix for path, _ in PIECES} == {".py", ".mjs", ".js"}
