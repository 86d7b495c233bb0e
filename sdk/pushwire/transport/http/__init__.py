"""The management API through HTTP/1.1 of our own: one request shape, signed and written with the fewest operations.

`requests` and `replies` are sans-I/O; two fronts do the I/O, `http_transport` in the calling thread and
`async_http_transport` on an event loop.
"""
