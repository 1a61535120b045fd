"""Policies driven through suites, and what came of it."""

from drive.evaluation.results import Results, print_tables, write
from drive.evaluation.run import evaluate

__all__ = ["Results", "evaluate", "print_tables", "write"]
