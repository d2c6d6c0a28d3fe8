"""An authority whose certificates the channels can be told to believe."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from console.channels import Outgoing


@dataclass(frozen=True)
class Authority:
    """Where its certificate lies, and what a server called localhost shows."""

    file: Path
    context: ssl.SSLContext
    for_another: ssl.SSLContext


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = trustme.CA()
    file = tmp_path_factory.mktemp("authority") / "authority.pem"
    made.cert_pem.write_to_path(file)
    contexts = []
    for name in ("localhost", "elsewhere.test"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.issue_cert(name).configure_cert(context)
        contexts.append(context)
    return Authority(file, *contexts)


def outgoing(number: int = 7, **changes: object) -> Outgoing:
    """A follow-up to Riya."""
    parts = {
        "delivery_id": number,
        "conversation_id": 3,
        "to_name": "Riya Chen",
        "to_address": "riya.chen@example.com",
        "subject": "Your kettle",
        "body": "Hello Riya,\n\nit is on its way.\n",
        "created_at": datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    }
    return Outgoing(**{**parts, **changes})  # type: ignore[arg-type]
