"""The pages whose cost must not grow: each list in each of its views, under each filter, and far from its beginning."""

from __future__ import annotations

from hashlib import md5
from uuid import UUID

import psycopg

from console.conversations.cursors import Cursor
from tests.prove.growth_pour import EARLIER, TEAM, Crowd

LARGEST = UUID(md5(b"largest").hexdigest())
"""The bulk send that grows with the conversations."""

INBOX = {
    "the inbox": "",
    "what needs a decision": "?view=needs_decision",
    "mine": "?view=mine",
    "unassigned": "?view=unassigned",
    "resolved": "?view=resolved",
    "all": "?view=all",
    "the middle of all": "?view=all&before={middle}",
    "the end of all": "?view=all&before={end}",
    "the end of the resolved": "?view=resolved&before={end}",
    "a colleague's": "?view=all&assignee=5",
    "a colleague's, resolved": "?view=resolved&assignee=5",
    "the end of a colleague's": "?view=all&assignee=5&before={end}",
    "one who has few": "?view=all&assignee={rare}",
    "one who has few, open": "?assignee={rare}",
    "one who has few, resolved": "?view=resolved&assignee={rare}",
    "nobody's, resolved": "?view=resolved&assignee=0",
    "a channel": "?channel=phone",
    "a channel of few": "?view=all&channel=fax",
    "a channel of few, open": "?channel=fax",
    "a channel of few, resolved": "?view=resolved&channel=fax",
    "a channel that is gone": "?view=all&channel=telex",
    "one who has few, by phone": "?view=all&assignee={rare}&channel=phone",
    "a colleague's on a channel of few": "?view=all&assignee=5&channel=fax",
    "waiting, on a channel of few": "?view=all&channel=fax&pending=1",
    "waiting, of one who has few": "?view=all&assignee={rare}&pending=1",
}
APPROVALS = {
    "needs me": "",
    "all": "?whose=all",
    "I asked": "?whose=asked",
    "the middle of all": "?whose=all&after={waiting}",
    "a lane beside the list": "?whose=all&lane={lane}",
    "a tool": "?whose=all&tool=internal_note",
    "a rare tool": "?whose=all&tool=transfer_to_human_agents",
    "high risk": "?whose=all&risk=high_write",
    "a rare requester": "?whose=all&requester=agent:rare",
    "two filters": "?tool=internal_note&requester=agent:iris",
}
LANES = {
    "stale lanes": "",
    "old ones": "?kind=old",
    "the middle of the old": "?kind=old&after={opened}",
    "stuck ones": "?kind=stuck",
    "older than a week": "?age=7d",
}
AUDIT = {
    "everything": "",
    "the middle of everything": "?before={event}",
    "by a person": "?actor=operator:2",
    "by one who did little": "?actor=operator:1",
    "by the console": "?actor=system",
    "one event": "?event=approved",
    "the end of one event": "?event=approved&before={first}",
    "a rare event": "?event=rejected",
    "a line of the log": "?event=delivery_sent",
    "one tool": "?tool=internal_note",
    "a rare tool": "?tool=transfer_to_human_agents",
    "one conversation": "?conversation={conversation}",
    "one action": "?proposal={proposal}",
    "a bulk send": "?envelope={envelope}",
    "a bulk send and an event": "?envelope={envelope}&event=delivery_sent",
    "a day long ago": "?from={old}&to={old}",
    "since long ago": "?from={old}",
    "a person, an event": "?actor=operator:2&event=approved",
    "a person, a tool": "?actor=operator:2&tool=internal_note",
    "an event, a rare tool": "?event=approved&tool=transfer_to_human_agents",
    "nothing: software does not approve": "?actor=system&event=approved",
    "nobody": "?actor=operator:99",
}
OTHERS = {
    "bulk sends": "/bulk",
    "bulk sends, refused": "/bulk?status=refused_cap_exceeded",
    "the end of the bulk sends": "/bulk?before={sent_first}",
    "the largest bulk send": "/bulk/{envelope}",
    "its failures": "/bulk/{envelope}?state=failed",
    "the middle of its recipients": "/bulk/{envelope}?state=sent&after=sent-{delivery}",
    "a long conversation": "/conversations/{long}",
    "a conversation like any": "/conversations/{conversation}",
    "a lane": "/lanes/{lane}",
    "people": "/admin/people",
    "people by name": "/admin/people?q=gre",
    "a person": "/admin/people/5",
    "an agent": "/admin/people/agents/iris",
    "one's own account": "/account",
    "the policy": "/admin/policy",
    "templates": "/admin/templates",
    "a template": "/admin/templates/1",
    "a follow-up": "/conversations/{conversation}/followups/new",
    "an event": "/audit/events/{event_id}",
    "a history": "/lanes/{lane}/history",
    "the navigation": "/navigation?at=inbox",
}
SEARCHES = {
    "in every one": "refund",
    "in one of five, a beginning": "zip",
    "two together": "hood button",
    "one in 1,000": "word4321 ",
    "one conversation": "TT-20418",
    "one customer": "person77@example.com",
    "one letter": "a",
    "nowhere": "velvet",
    "in one of eight, on no recent page": "hanne velvet",
}


def pages(crowd: Crowd) -> dict[str, str]:
    """What each page is called, and its address in this crowd."""
    places = _places(crowd)
    groups = {"/inbox": INBOX, "/approvals": APPROVALS, "/admin/lanes": LANES, "/audit": AUDIT, "": OTHERS}
    return {
        f"{path} {words}".strip(): (path + query).format(**places)
        for path, group in groups.items()
        for words, query in group.items()
    }


def searches() -> dict[str, str]:
    """What each search is called, and its address."""
    return {words: f"/inbox?q={typed.replace(' ', '+')}" for words, typed in SEARCHES.items()}


def _places(crowd: Crowd) -> dict[str, object]:
    """Where the pages in the middle of a list begin, and what stands on those of one thing."""
    half = EARLIER + crowd.size // 2
    with psycopg.connect(crowd.url) as connection:

        def cursor(statement: str) -> Cursor:
            row = connection.execute(statement.encode()).fetchone()
            assert row, statement
            return Cursor(*row)

        talked = "SELECT last_message_at, id FROM conversations WHERE id >= {} ORDER BY id LIMIT 1"
        waiting = "FROM tool_approvals WHERE status = 'pending' ORDER BY 1 OFFSET {} LIMIT 1"
        lane = cursor(f"SELECT expires_at, id {waiting.format(crowd.size // 20)}")
        events = "SELECT created_at, id FROM tool_action_events WHERE id >= {} ORDER BY id LIMIT 1"
        sent = connection.execute(
            "SELECT id FROM bulk_envelopes ORDER BY created_at, id OFFSET 20 LIMIT 1"
        ).fetchone()
        assert sent
        return {
            "middle": cursor(talked.format(half)),
            "end": cursor(talked.format(EARLIER + 60)),
            "rare": TEAM,
            "waiting": lane,
            "lane": lane.id,
            "opened": cursor(f"SELECT created_at, id {waiting.format(crowd.size // 20)}"),
            "event": cursor(events.format(half * 20)),
            "event_id": (half + 3) * 20 + 11,
            "first": cursor(events.format((EARLIER + 400) * 20)),
            "conversation": EARLIER + 21,
            "proposal": (EARLIER + 21) * 2,
            "envelope": LARGEST,
            "delivery": crowd.size // 20,
            "old": f"{cursor(talked.format(EARLIER + 500)).at:%Y-%m-%d}",
            "sent_first": sent[0],
            "long": crowd.conversation,
        }
