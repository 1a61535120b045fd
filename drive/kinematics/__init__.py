"""What follows from a scene by arithmetic alone."""
