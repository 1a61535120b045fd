"""What an episode amounts to: motion, metrics, intervals."""
