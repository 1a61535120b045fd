"""Policies driven through suites, and what came of it."""

from drive.evaluation.folder import results_of
from drive.evaluation.results import Results, print_tables, write
from drive.evaluation.run import evaluate, evaluating
from drive.evaluation.summary import told

__all__ = ["Results", "evaluate", "evaluating", "print_tables", "results_of", "told", "write"]
