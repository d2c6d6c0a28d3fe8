"""What was looked at before anyone was asked, and what is wrong with it now."""

from __future__ import annotations

from typing import NamedTuple

from console.models import ToolProposal


class Check(NamedTuple):
    """Something that was looked at before anyone was asked."""

    good: bool
    words: str


def checks(proposal: ToolProposal, asked: str, alarm: str, *, resolved: bool) -> list[Check]:
    """Permissions by name, the tool's own check, and the conversation. `alarm` is why an approval would fail now."""
    needed = proposal.scope_snapshot.get("needed", [])
    granted = set(proposal.scope_snapshot.get("granted", []))
    revoked = any(scope in alarm for scope in needed)
    found = [
        Check(
            scope in granted and not revoked,
            f"{scope} not held any more" if revoked else f"{scope} held by {asked}",
        )
        for scope in needed
    ]
    if not needed:
        found.append(Check(True, "Needs no permission"))
    if proposal.policy_snapshot.get("authorized"):
        found.append(Check(True, "Allowed by the tool’s own policy"))
    if resolved:
        found.append(Check(False, "The conversation is resolved"))
    return found
