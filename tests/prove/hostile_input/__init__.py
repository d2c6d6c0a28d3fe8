"""What nobody would type or send, and what must not come of it."""
