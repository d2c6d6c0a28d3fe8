"""How a list of conversations is read: along the index that leads through exactly what is asked for, newest first.

However rare what a filter finds is, the page looks at what it shows and at nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

from console.models import ConversationStatus

NEWEST = "c.last_message_at DESC, c.id DESC"


class Shape(NamedTuple):
    """What the statement of a list depends on."""

    status: str
    """Empty for both."""
    waiting: bool
    """Only those with an action that waits for a decision."""
    owner: str
    """`someone` (the parameter `assignee`), `nobody`, or empty for anybody's."""
    channel: bool
    before: bool
    """Only those after the cursor of a page, in the parameters `at` and `last_id`."""

    @property
    def narrowed(self) -> bool:
        """Whether it is a list of its own within a status: there is an index for each of these."""
        return bool(self.owner) or self.channel


def walk(shape: Shape, columns: str, size: int) -> str:
    """The newest `size` conversations of this shape, newest first, as a SELECT of `columns`; `last_message_at` and `id`
    are among them."""
    statuses = [*ConversationStatus] if shape.narrowed and not shape.status else [shape.status]
    parts = [_part(shape._replace(status=status), columns, size) for status in statuses]
    if len(parts) == 1:
        return parts[0]
    return f"SELECT * FROM (({') UNION ALL ('.join(parts)})) c ORDER BY {NEWEST} LIMIT {size}"


def conditions(shape: Shape) -> str:
    """The same as conditions on a conversation `c` that was found in another way."""
    found = _fixed(shape)
    found += ["c.assignee_id = :assignee"] if shape.owner == "someone" else []
    found += ["c.channel = :channel"] if shape.channel else []
    found += ["(c.last_message_at, c.id) < (:at, :last_id)"] if shape.before else []
    return " AND ".join(found) or "true"


def _part(shape: Shape, columns: str, size: int) -> str:
    # From and to a moment by a comparison of rows, with the last column in front and all of it in the order. With
    # equalities alone, a prepared statement may as well go through all conversations, newest first, until the page is
    # full, and would look at every one of them for a filter that finds little; with all columns compared, through all
    # of the first one's. `IS NULL` does not make a column constant for the planner: it stands in the order too.
    narrowed = [*(["assignee"] if shape.owner == "someone" else []), *(["channel"] if shape.channel else [])]
    equal, led = narrowed[:-1], narrowed[-1:]
    names = "".join(f"{_COLUMNS[name]}, " for name in led)
    values = "".join(f":{name}, " for name in led)
    where = _fixed(shape) + [f"{_COLUMNS[name]} = :{name}" for name in equal]
    if led:
        where.append(f"({names}c.last_message_at) >= ({values}'-infinity')")
    if shape.before:
        where.append(f"({names}c.last_message_at, c.id) < ({values}:at, :last_id)")
    elif led:
        where.append(f"({names}c.last_message_at) <= ({values}'infinity')")
    order = "".join(
        f"{_COLUMNS[name]} DESC, " for name in (["assignee"] if shape.owner == "nobody" else []) + led
    )
    # The limit is written out: with a parameter there, a prepared statement would be planned for a tenth of the table.
    return (
        f"SELECT {columns} FROM conversations c WHERE {' AND '.join(where) or 'true'}"
        f" ORDER BY {order}{NEWEST} LIMIT {size}"
    )


_COLUMNS = {"assignee": "c.assignee_id", "channel": "c.channel"}


def _fixed(shape: Shape) -> list[str]:
    """What is the same in every statement of this shape, in the words of the partial indexes."""
    found = [f"c.status = '{shape.status}'"] if shape.status else []
    found += ["c.waiting_lanes > 0"] if shape.waiting else []
    return found + (["c.assignee_id IS NULL"] if shape.owner == "nobody" else [])
