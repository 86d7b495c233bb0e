"""protoc-gen-pushwire: contracts in, typed Python out.

    decode.py      the bytes of protoc or buf become a request,
    request.py     which is read into
    model.py       what the contracts say,
    checks.py      which is refused with all its problems, each at its place in a `.proto` file,
    emitters/      or printed, by one emitter per target,
    files.py       as the files of the response.

`generate.py` strings them together, a pure function from request to response; `main.py` is its thin rim of input and
output, and `parameters.py` reads the plugin's options.

The rest serves them: `names.py` Python names of protobuf names; `locations.py` places in a `.proto` file, and
`problems.py` what is wrong there; `comments.py` and `literals.py` proto text as Python text; `wrapping.py` where ruff
breaks a line, and `printer.py` lines of blocks; `imports.py` imports that fall out of the names in use; `module.py` a
module made of both.
"""
