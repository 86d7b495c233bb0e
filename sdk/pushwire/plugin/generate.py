"""The plugin as a pure function."""

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import Edition

from pushwire.plugin import parameters, request
from pushwire.plugin.checks import diagnostics
from pushwire.plugin.files import DEFAULT_TARGETS, MODULE_SUFFIXES, TARGETS, files

__all__ = ["generate"]

_FEATURES = CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL | CodeGeneratorResponse.FEATURE_SUPPORTS_EDITIONS
"""Compilers keep contracts from a plugin that does not name these, and the editions that it knows."""


def generate(asked: CodeGeneratorRequest) -> CodeGeneratorResponse:
    """Generate code for the contracts of a request.

    Args:
        asked: The request, as `pushwire.plugin.decode` reads it.

    Returns:
        The files; or, in `error`, one line for each problem of the contracts or the options, and no file.
    """
    response = CodeGeneratorResponse(
        supported_features=_FEATURES,
        minimum_edition=Edition.EDITION_PROTO2,
        maximum_edition=Edition.EDITION_2024,
    )
    try:
        chosen = parameters.parse(asked.parameter, targets=TARGETS, default=DEFAULT_TARGETS)
        model = request.read(asked)
        found = diagnostics(model, MODULE_SUFFIXES)
        if found:
            response.error = "\n".join(map(str, found))
        else:
            response.file.extend(files(model, chosen))
    except (parameters.ParameterError, request.RequestError) as error:
        response.error = str(error)
    return response
