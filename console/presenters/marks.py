"""Icons and avatars as HTML. A page draws hundreds of the same few, so each is made once."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from console.presenters.names import initials, tint

_ICON = Markup('<svg class="icon{}" {}><use href="{}#i-{}"/></svg>')
_HIDDEN = Markup('aria-hidden="true"')
_NAMED = Markup('role="img" aria-label="{}"')
_AVATAR = Markup('<span class="avatar avatar--{}{}" aria-hidden="true">{}</span>')


@lru_cache(maxsize=1024)
def icon(sprite: str, name: str, size: int | str = "", label: str = "") -> Markup:
    """A symbol of the sprite by its name without `i-`; without a `label` a word must stand beside it."""
    return _ICON.format(
        f" icon--{size}" if size else "", _NAMED.format(label) if label else _HIDDEN, sprite, name
    )


@lru_cache(maxsize=4096)
def avatar(sprite: str, name: str, agent: bool = False, size: int | str = "", symbol: str = "bot") -> Markup:
    """A person (round, tinted by name), or an agent or a rule (square, with a symbol); the name stands beside it."""
    kind, inside = ("agent", icon(sprite, symbol)) if agent else (str(tint(name)), initials(name))
    return _AVATAR.format(kind, f" avatar--{size}" if size else "", inside)
