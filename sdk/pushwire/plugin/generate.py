"""The plugin as a pure function from request to response."""

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import Edition

from pushwire.plugin import parameters, request
from pushwire.plugin.checks import diagnostics
from pushwire.plugin.files import DEFAULT_TARGETS, MODULE_SUFFIXES, TARGETS, files

__all__ = ["generate"]

_FEATURES = CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL | CodeGeneratorResponse.FEATURE_SUPPORTS_EDITIONS
"""Without these features and the supported editions, compilers refuse to pass some contracts to the plugin."""


def generate(asked: CodeGeneratorRequest) -> CodeGeneratorResponse:
    """Generate code for the contracts of a request.

    Args:
        asked: The request, as returned by `pushwire.plugin.decode.decode`.

    Returns:
        The response. It has the files, or an `error` with a line for each error in the contracts or the options.
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
