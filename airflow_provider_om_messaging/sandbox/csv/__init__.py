"""The server's CSV: its dialect, and topics as rows."""
