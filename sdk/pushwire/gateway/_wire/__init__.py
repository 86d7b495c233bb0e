"""The wire formats: HTTP requests and responses, and WebSocket frames. Sans-I/O."""
