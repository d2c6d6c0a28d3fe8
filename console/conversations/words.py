"""What a person types into the search, as a query of PostgreSQL's full text search.

Documents and queries are split at the same characters, so that an address or an order number is found by its parts.
"""

from __future__ import annotations

import re
import unicodedata

MAX_WORDS = 12
_WORD = re.compile(r"[^\W_]+")


def tsquery(typed: str) -> str:
    """Every word must occur, the last one as a beginning: `riya ref` is `'riya' & 'ref':*`. Empty: nothing to find.

    Only letters and digits get in, so nothing that is typed can be an error or mean anything else.
    """
    words = _WORD.findall(unicodedata.normalize("NFC", typed))[:MAX_WORDS]
    if not words:
        return ""
    finished = typed[-1:].isspace()
    return " & ".join(f"'{word}'" for word in words) + ("" if finished else ":*")
