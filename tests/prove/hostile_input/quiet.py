"""What was written down while all of this went on: lines of ours, without what anybody wrote, without a secret."""

from __future__ import annotations

import json
import re
from collections import Counter

from tests.browserless import Client
from tests.conftest import PASSWORD
from tests.prove.hostile_input.place import HOME, Place

CLAIM = "logs_and_metrics_tell_nothing"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")


def quiet(place: Place) -> None:
    """Read every line of every log, and the numbers."""
    watch = place.watch
    logs = {name: place.stack.settings.var / name for name in ("here.log", "processes.log")}
    for name, file in logs.items():
        text = file.read_text(errors="replace")
        lines = text.split("\n")
        watch.tried[CLAIM]["lines of logs"] += len(lines)
        for line in lines:
            _line(place, name, line)
    numbers = Client(place.app).get("/metrics", base_url=HOME).text
    if place.marks.found(numbers) or any(secret in numbers for secret in place.secrets):
        watch.wrong(CLAIM, "the metrics hold what somebody typed")
    watch.tried[CLAIM] += Counter({"texts looked for": len(place.marks.where), "secrets": len(place.secrets)})


def _line(place: Place, name: str, line: str) -> None:
    watch = place.watch
    if not line:
        return
    if told := place.marks.told(line):
        watch.wrong(CLAIM, f"{name} has {told[0]}: {line[:300]}")
    if PASSWORD in line or any(secret in line for secret in place.secrets):
        watch.wrong(CLAIM, f"{name} has a secret: {line[:80]}")
    if CONTROL.search(line):
        watch.wrong(CLAIM, f"{name} has a control character: {line[:300]!r}")
    try:
        read = json.loads(line)
    except ValueError:
        watch.wrong(CLAIM, f"{name} has a line that is none of ours: {line[:300]}")
        return
    if not isinstance(read, dict) or "timestamp" not in read or "forged" in str(read.get("event")):
        watch.wrong(CLAIM, f"{name} has a line that is none of ours: {line[:300]}")
