"""The loop, its memory, and what if."""
