"""The management API through one HTTP/1.1 engine: a parser and a writer for one request shape, without dependencies.

`_requests` and `_responses` are sans-I/O. Opening a connection and one exchange are steps that yield what they wait
for; a broadcast is an engine on a selector of its own. `transport` waits in the calling thread, `async_transport` on an
event loop.
"""
