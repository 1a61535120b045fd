"""Decisions, causes and narration: everything between a choice and its words; nothing that judges."""
