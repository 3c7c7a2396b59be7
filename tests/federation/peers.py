"""Where implementations of others are, or why a test without them is left out."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from tests.federation.policy_cases import OPENID_FEDERATION

SCRIPTS = Path(__file__).parent.parent / "clients_js"


def missing(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


def node() -> str:
    """The program that runs the scripts of tests/clients_js."""
    program = shutil.which("node")
    if program is None or not (SCRIPTS / "node_modules" / OPENID_FEDERATION).is_dir():
        missing(f"Node.js, or {OPENID_FEDERATION} (`npm ci` in tests/clients_js),")
    return program
