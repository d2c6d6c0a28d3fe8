"""The confirm button's token: it names a preview and all that was in it, signed, and good for a while."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from json import dumps
from typing import NamedTuple
from uuid import UUID

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from console.models import BulkPreview
from console.outbound.errors import PreviewForged


class Confirmation(NamedTuple):
    """What a token says."""

    envelope_id: UUID
    actor_id: str
    digest: str
    expires_at: datetime


def sign(preview: BulkPreview) -> str:
    """The token of a preview."""
    expires = int(preview.expires_at.timestamp())
    return str(_serializer().dumps([str(preview.envelope_id), preview.created_by, digest(preview), expires]))


def read(token: str) -> Confirmation:
    """What a token says. Raises PreviewForged for one that we did not sign."""
    try:
        envelope_id, actor_id, said, expires = _serializer().loads(token)
        return Confirmation(UUID(envelope_id), actor_id, said, datetime.fromtimestamp(expires, UTC))
    except (BadData, ValueError, TypeError, AttributeError) as error:
        raise PreviewForged from error


def digest(preview: BulkPreview) -> str:
    """Equal for two previews alone in which everything is equal that is going to be sent, and to whom."""
    parts = [
        preview.template_id,
        preview.template_version,
        preview.subject,
        preview.body,
        preview.eligible_ids,
        preview.fingerprints,
    ]
    return sha256(dumps(parts).encode()).hexdigest()


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="bulk-preview")
