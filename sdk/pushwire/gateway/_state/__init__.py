"""The state of an API: its connections, routes and rates, and the events and results of its handlers. Sans-I/O."""
