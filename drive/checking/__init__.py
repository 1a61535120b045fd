"""Is it true? Shares no formula with what it judges."""
