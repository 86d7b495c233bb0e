"""Lambda functions: loading them by name, and calling them in threads."""
