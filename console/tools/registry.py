"""Which tools this deployment offers. A tool that cannot be loaded stops the start, by name and reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from inspect import isclass

from flask import current_app

from console.errors import ConfigurationError
from console.tools.base import Tool, ToolDefinitionError


class Registry:
    """Tools by their ref, in the order in which they were named."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            self.add(tool)

    def add(self, tool: Tool) -> None:
        """Offer a tool. Raises ToolDefinitionError when its ref is taken."""
        if tool.ref in self._tools:
            raise ToolDefinitionError(f"Two tools are called {tool.ref}; give one of them another ref.")
        self._tools[tool.ref] = tool

    def get(self, tool_ref: str) -> Tool | None:
        return self._tools.get(tool_ref)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())


def load_registry(names: Iterable[str]) -> Registry:
    """Import every named tool: `module:Class`, or a module whose `TOOLS` lists classes.

    Raises ConfigurationError that names the tool and says why it cannot be loaded.
    """
    registry = Registry()
    for name in names:
        for tool_class in _load(name):
            registry.add(_made(name, tool_class))
    return registry


def _made(name: str, tool_class: object) -> Tool:
    if not (isclass(tool_class) and issubclass(tool_class, Tool)) or not hasattr(tool_class, "ref"):
        raise ConfigurationError(f"The tool {name} cannot be loaded: {tool_class!r} is not a Tool class.")
    try:
        return tool_class()
    except Exception as error:
        raise _cannot_be_loaded(name, error) from error


def _load(name: str) -> list[object]:
    module_name, _, class_name = name.partition(":")
    try:
        module = import_module(module_name)
        found = [getattr(module, class_name)] if class_name else list(module.TOOLS)
    except ToolDefinitionError:
        raise
    except Exception as error:
        raise _cannot_be_loaded(name, error) from error
    return found


def _cannot_be_loaded(name: str, error: Exception) -> ConfigurationError:
    """Whatever a foreign module raises while it is imported or made, the start is refused with its name."""
    return ConfigurationError(f"The tool {name} cannot be loaded: {type(error).__name__}: {error}.")


def registry() -> Registry:
    """The tools of the running application."""
    found: Registry = current_app.extensions["console_tools"]
    return found
