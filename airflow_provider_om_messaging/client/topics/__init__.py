"""The client engine: exports and imports topic by topic, for servers without CSV routes."""
