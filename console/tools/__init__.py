"""What an action can do: the base class, the registry, one file a tool."""

from console.tools.base import (
    ApprovalMode,
    PermanentToolError,
    RiskTier,
    RunContext,
    Tool,
    ToolContext,
    ToolDefinitionError,
    ToolError,
)
from console.tools.registry import Registry, load_registry

__all__ = [
    "ApprovalMode",
    "PermanentToolError",
    "Registry",
    "RiskTier",
    "RunContext",
    "Tool",
    "ToolContext",
    "ToolDefinitionError",
    "ToolError",
    "load_registry",
]
