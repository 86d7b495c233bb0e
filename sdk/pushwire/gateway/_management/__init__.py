"""The management API with its access check and its injected faults. Sans-I/O."""
