"""A language model behind an OpenAI-compatible endpoint, asked about every scene in words."""
