"""Whether anything this project depends on is known to be vulnerable: `python -m tools.audit`.

Three questions. The list beside this file is always compared with the pins. pip-audit and
`npm audit` ask the services that know of more; where those cannot be reached, that is said
loudly and is no failure — unless HUTONG_AUDIT=required, as before a release. An answer that
leaves packages out ("skipped") is no answer.
"""

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tools.secret_scan import tracked

ROOT = Path(__file__).parent.parent
PINS = ("requirements.txt", "requirements-dev.txt")
KNOWN = Path(__file__).with_name("advisories.toml")
PATIENCE = 180


@dataclass
class Report:
    found: list[str] = field(default_factory=list)
    """Vulnerabilities: each fails the check."""
    unchecked: list[str] = field(default_factory=list)
    """What no service spoke of, and why."""

    def plus(self, other: "Report") -> "Report":
        return Report(self.found + other.found, self.unchecked + other.unchecked)


def main() -> int:
    report = known().plus(python()).plus(node())
    for line in report.found:
        _say(f"VULNERABLE: {line}")
    for line in report.unchecked:
        _say(f"NOT CHECKED for new advisories: {line}")
    required = os.environ.get("HUTONG_AUDIT") == "required"
    if report.unchecked and not required:
        _say("Run `make lint` where the services answer before a release.")
    return int(bool(report.found) or (required and bool(report.unchecked)))


def known(root: Path = ROOT) -> Report:
    """The pins against the list beside this file."""
    listed = tomllib.loads(KNOWN.read_text("utf-8"))["advisory"]
    pins = {name: version for path in PINS for name, version in _pins(root / path).items()}
    return Report(
        [
            f"{each['package']} {pins[each['package']]} ({', '.join(each['ids'])}): {each['what']};"
            f" fixed in {each['fixed_in']}"
            for each in listed
            if each["package"] in pins and pins[each["package"]] < Version(each["fixed_in"])
        ]
    )


def python() -> Report:
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "audit.json"
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip"]
        command += ["--progress-spinner=off", "--timeout=10", "-f", "json", "-o", str(output)]
        ended = _run([*command, *(arg for path in PINS for arg in ("-r", path))], ROOT)
        if not output.exists():
            return Report(unchecked=[f"Python packages: {_last_line(ended)}"])
        return of_pip_audit(json.loads(output.read_text("utf-8")))


def of_pip_audit(answer: dict[str, Any]) -> Report:
    report = Report()
    skipped = [each["name"] for each in answer["dependencies"] if "skip_reason" in each]
    for each in answer["dependencies"]:
        for flaw in each.get("vulns", ()):
            fixed = ", ".join(flaw["fix_versions"]) or "no release yet"
            report.found.append(
                f"{each['name']} {each['version']} ({flaw['id']}); fixed in {fixed}"
            )
    if skipped:
        count = f"{len(skipped)} of {len(answer['dependencies'])} Python packages"
        report.unchecked.append(f"{count}: the service does not know them ({skipped[0]}, …)")
    return report


def node() -> Report:
    report = Report()
    for lock in [name for name in tracked() if name.endswith("package-lock.json")]:
        command = ["npm", "audit", "--package-lock-only", "--json"]
        report = report.plus(of_npm_audit(_run(command, (ROOT / lock).parent), lock))
    return report


def of_npm_audit(ended: "subprocess.CompletedProcess[str]", lock: str) -> Report:
    try:
        answer = json.loads(ended.stdout)
        flaws = answer["vulnerabilities"]
    except (ValueError, KeyError, TypeError):
        return Report(unchecked=[f"{lock}: {_last_line(ended)}"])
    return Report([f"{name} ({flaw['severity']}) in {lock}" for name, flaw in flaws.items()])


def _pins(path: Path) -> dict[str, Version]:
    found = {}
    for line in path.read_text("utf-8").splitlines():
        if "==" in line and not line.startswith(("#", "-")):
            pinned = Requirement(line)
            version = next(iter(pinned.specifier)).version
            found[canonicalize_name(pinned.name)] = Version(version)
    return found


def _run(command: list[str], where: Path) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            command, cwd=where, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]} is not installed")
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"no answer in {PATIENCE} s")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _last_line(ended: "subprocess.CompletedProcess[str]") -> str:
    said = [line for line in ended.stderr.splitlines() if line.strip()]
    problems = [line for line in said if "audit" in line.lower()] or said
    return problems[-1].strip() if problems else f"ended with status {ended.returncode}"


if __name__ == "__main__":
    sys.exit(main())
