"""Whether a key or token was committed: `python -m tools.secret_scan`.

detect-secrets looks at every file git knows; what it may find is in `.secrets.baseline`, each
entry looked at by somebody (`is_secret: false`). Passwords of the demo's and the tests' people
are no secrets, so its guess by variable names is off; keys, tokens, credentials in addresses
and random-looking texts are looked for everywhere. `--accept` writes a new baseline to review.
"""

import json
import subprocess
import sys
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).parent.parent
BASELINE = ROOT / ".secrets.baseline"
PLUGINS = [
    {"name": "PrivateKeyDetector"},
    {"name": "JwtTokenDetector"},
    {"name": "BasicAuthDetector"},
    {"name": "AWSKeyDetector"},
    {"name": "GitHubTokenDetector"},
    {"name": "GitLabTokenDetector"},
    {"name": "NpmDetector"},
    {"name": "PypiTokenDetector"},
    {"name": "SlackDetector"},
    {"name": "Base64HighEntropyString", "limit": 4.5},
    {"name": "HexHighEntropyString", "limit": 3.0},
]
FILTERS = [
    {"path": "detect_secrets.filters.heuristic.is_sequential_string"},
    {"path": "detect_secrets.filters.heuristic.is_templated_secret"},
    {"path": "detect_secrets.filters.regex.should_exclude_line", "pattern": [r"^(down_)?revision"]},
    {
        "path": "detect_secrets.filters.regex.should_exclude_file",
        "pattern": [r"package-lock\.json$", r"\.secrets\.baseline$"],
    },
]


def main(arguments: list[str]) -> int:
    found = scan(tracked())
    if arguments == ["--accept"]:
        BASELINE.write_text(json.dumps(_with_reviews(found), indent=1) + "\n", "utf-8")
        return 0
    reviewed = accepted()
    new = sorted(each for each in found if each not in reviewed)
    for path, kind, _, line in sorted((*each, found[each]) for each in new):
        sys.stderr.write(f"{path}:{line}: {kind}; if it is none, --accept and review it\n")
    unseen = sorted(path for (path, _, _), good in reviewed.items() if good is not True)
    for path in unseen:
        sys.stderr.write(f"{path}: in the baseline, and nobody has said what it is\n")
    return int(bool(new or unseen))


Finding = tuple[str, str, str]
"""File, kind, and the digest of what was found."""


def scan(paths: list[str], root: Path = ROOT) -> dict[Finding, int]:
    """What looks like a secret, with its line."""
    with transient_settings({"plugins_used": PLUGINS, "filters_used": FILTERS}):
        secrets = SecretsCollection(root=str(root))
        for path in paths:
            secrets.scan_file(path)
        return {(path, s.type, s.secret_hash): s.line_number for path, s in secrets}


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = listed.stdout.decode().split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


def accepted() -> dict[Finding, bool]:
    """What was found before, and whether somebody looked and found it harmless."""
    kept = json.loads(BASELINE.read_text("utf-8"))
    return {(e["file"], e["kind"], e["digest"]): e.get("is_secret") is False for e in kept}


def _with_reviews(found: dict[Finding, int]) -> list[dict[str, object]]:
    """The findings of now; who is new has to be looked at before `make lint` passes."""
    before = accepted() if BASELINE.exists() else {}
    return [
        {"file": e[0], "kind": e[1], "digest": e[2], "is_secret": False if before.get(e) else None}
        for e in sorted(found)
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
