"""Against a real authorization server on loopback."""
