"""Lambda functions: loads handlers by name, and calls them in threads."""
