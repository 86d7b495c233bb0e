"""The state of an API: connections, routes and rates, with the events and results of its functions. Sans-I/O."""
