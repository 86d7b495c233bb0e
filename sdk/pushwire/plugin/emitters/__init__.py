"""One emitter per target: each a function from a contract to the text of a module."""
