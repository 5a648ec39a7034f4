"""Against a real Postfix and Dovecot."""
