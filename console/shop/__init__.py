"""The host's shop: what the tools act on. The console itself never looks in here; it only calls tools."""
