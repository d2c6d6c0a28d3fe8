"""Conversations from elsewhere: read line by line, understood in three formats, loaded once each."""

from console.imports.files import Damaged, Line, lines
from console.imports.formats import understand
from console.imports.loading import Loader, Problem, Totals
from console.imports.records import BadLine, Incoming

__all__ = ["BadLine", "Damaged", "Incoming", "Line", "Loader", "Problem", "Totals", "lines", "understand"]
