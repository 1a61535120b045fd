"""What the page and the film show; no simulator."""
