"""Metadata: what of verified claims is on offer (§8), by the tables and the ways there are."""

from collections.abc import Iterable
from typing import Any

from idp.oidc.ida.answering import EVIDENCE, FRAMEWORK, document_type
from idp.oidc.ida.asking import CLAIMS
from idp.realname import documents
from idp.services import services

HALL = "hall"
"""The way that needs no verifier: it is open everywhere."""


def metadata() -> dict[str, Any]:
    """Lists that would be empty are left out (Discovery §4.2)."""
    ways = {HALL, *(way.method for way in services.realname.ways())}
    rows = [row for method, row in EVIDENCE.items() if method in ways]
    lists = {
        "evidence_supported": _each(row["type"] for row in rows),
        "electronic_records_supported": _each(row["record"] for row in rows if "record" in row),
        "documents_supported": _each(document_type(kind) for kind in documents.KINDS),
        "documents_check_methods_supported": _each(
            row["check_method"] for row in rows if row["type"] == "document"
        ),
    }
    return {
        "verified_claims_supported": True,
        "trust_frameworks_supported": [FRAMEWORK],
        "claims_in_verified_claims_supported": list(CLAIMS),
        **{name: values for name, values in lists.items() if values},
    }


def _each(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
