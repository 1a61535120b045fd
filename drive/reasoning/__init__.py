"""Decisions, foresight, causes, narration and verification: everything between a choice and its words."""
