"""protoc-gen-pushwire: contracts in, typed Python modules and documents out.

One run passes through these modules, in this order:

    decode.py      decodes the bytes that protoc or buf sends
    request.py     reads the request
    model.py       holds what the contracts say
    checks.py      reports all mistakes in them, each with its place in a `.proto` file
    emitters/      print the modules and documents, one emitter per target
    files.py       collects the files of the response

`generate.py` connects them: a pure function from request to response. `main.py` reads standard input and writes
standard output, and `parameters.py` reads the plugin's options.

They share `names.py` (Python names for protobuf names), `locations.py` (places in a `.proto` file), `diagnostics.py`
(a mistake at such a place), `comments.py` and `literals.py` (proto text as Python text), `printer.py` (indented lines),
`imports.py` (the imports of the names in use) and `module.py` (a module made of both).

All of it is private to Pushwire; its interface is the command.
"""
