"""Text with placeholders: read and filled by Jinja's sandbox, of which nothing but the placeholders is let through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

PLACEHOLDERS = {
    "customer.name": "the customer's name",
    "customer.first_name": "the first word of the customer's name",
    "customer.email": "the customer's email address",
    "conversation.subject": "the subject of the conversation",
    "conversation.id": "the number of the conversation",
    "operator.name": "the name of whoever sends it",
}
SAME_FOR_ALL = ("operator.name",)
"""What does not differ by customer."""
OFFERED = ", ".join(f"{{{{ {name} }}}}" for name in PLACEHOLDERS)

# Messages are plain text, so nothing is escaped: an ampersand in a name is to arrive as one.
_sandbox = ImmutableSandboxedEnvironment(
    autoescape=False, keep_trailing_newline=True, undefined=StrictUndefined
)
_sandbox.globals.clear()
_sandbox.filters.clear()
_sandbox.tests.clear()

Values = Mapping[str, str]
"""What stands for each placeholder; empty where nothing is known."""


class Segment(NamedTuple):
    """A stretch of a filled text; `filled` when it stands for a placeholder and differs by customer."""

    text: str
    filled: bool


class Unreadable(Exception):
    """A text that holds something other than words and placeholders: a sentence says what."""


@dataclass(frozen=True)
class Text:
    """A text that was read: words and placeholders in turn."""

    template: Template | None
    """None for a text that is final already."""
    parts: tuple[Segment, ...]
    """Words as they are; of a placeholder its name."""

    @property
    def names(self) -> tuple[str, ...]:
        """The placeholders that occur, once each."""
        return tuple(dict.fromkeys(part.text for part in self.parts if part.filled))

    def fill(self, values: Values) -> str:
        """The text with every placeholder filled, once: what a value says is never read as a placeholder."""
        if self.template is None:
            return "".join(part.text for part in self.parts)
        nested: dict[str, dict[str, str]] = {}
        for name in self.names:
            owner, _, member = name.partition(".")
            nested.setdefault(owner, {})[member] = values[name]
        return self.template.render(nested)

    def segments(self, values: Values) -> list[Segment]:
        """The same in pieces, for a page that marks what differs."""
        return [
            Segment(values[part.text], part.text not in SAME_FOR_ALL) if part.filled else part
            for part in self.parts
        ]


def final(text: str) -> Text:
    """A text in which nothing is filled, whatever it looks like."""
    return Text(None, (Segment(text, False),))


@lru_cache(maxsize=256)
def read(source: str) -> Text:
    """Read a text. Raises Unreadable for anything between braces that is no documented placeholder."""
    try:
        tree = _sandbox.parse(source)
    except (TemplateError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise Unreadable(
            f"Line {line} has braces that are not closed, or something between them that is no placeholder. "
            f"There are: {OFFERED}."
        ) from error
    parts = tuple(_parts(tree))
    # Compiled only now: nothing but words and placeholders has got this far.
    return Text(_sandbox.from_string(source), parts)


def _parts(tree: nodes.Template) -> Iterator[Segment]:
    for statement in tree.body:
        for node in statement.nodes if isinstance(statement, nodes.Output) else [statement]:
            if isinstance(node, nodes.TemplateData):
                yield Segment(node.data, False)
                continue
            name = _dotted(node)
            if name in PLACEHOLDERS:
                yield Segment(name, True)
                continue
            what = f"“{name}” is no placeholder" if name else "Only placeholders can stand between braces"
            raise Unreadable(f"{what} (line {node.lineno}). There are: {OFFERED}.")


def _dotted(node: nodes.Node) -> str:
    """`customer.name`, or nothing for whatever is more than that."""
    if isinstance(node, nodes.Name):
        return str(node.name)
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    return ""
