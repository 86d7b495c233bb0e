"""A testee of protobuf's conformance suite: JSON in and out by `pushwire.frame`.

The runner writes requests to the standard input and reads responses from the standard output, each with its length in
front (`conformance.proto`). The first argument is a folder that has the generated modules of the suite's protos.
"""

import importlib
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

import google.protobuf
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from pushwire import Direction, Format, FrameError, Operation
from pushwire.frame import decode, encode

_JSON_OUT = 2


def respond(conformance: Any, request: Any) -> Any:
    response = conformance.ConformanceResponse
    if request.message_type == "conformance.FailureSet":
        return response(protobuf_payload=b"")
    kind = request.WhichOneof("payload")
    to_json = request.requested_output_format == _JSON_OUT
    if kind not in ("json_payload", "protobuf_payload") or not (kind == "json_payload" or to_json):
        return response(skipped="tested by protobuf itself: neither JSON in nor JSON out")
    descriptor = descriptor_pool.Default().FindMessageTypeByName(request.message_type)
    operation: Operation[Any] = Operation(
        service="conformance.Service",
        name="Test",
        route="Test",
        direction=Direction.BIDIRECTIONAL,
        message_type=message_factory.GetMessageClass(descriptor),
    )
    try:
        if kind == "json_payload":
            _, message = decode(f'{{"route":"Test","payload":{request.json_payload}}}', {"Test": operation})
        else:
            message = operation.message_type.FromString(request.protobuf_payload)
    except (FrameError, DecodeError) as error:
        return response(parse_error=str(error))
    if not to_json:
        return response(protobuf_payload=message.SerializeToString())
    try:
        frame = encode(operation, message, Format.JSON).decode()
    except FrameError as error:
        return response(serialize_error=str(error))
    return response(json_payload=frame.removeprefix('{"route":"Test","payload":').removesuffix("}"))


def serve(conformance: Any, requests: BinaryIO, responses: BinaryIO) -> None:
    while length := requests.read(4):
        request = conformance.ConformanceRequest.FromString(requests.read(struct.unpack("<I", length)[0]))
        response = respond(conformance, request).SerializeToString()
        responses.write(struct.pack("<I", len(response)) + response)
        responses.flush()


def main(generated: str) -> None:
    sys.path.insert(0, generated)
    google.protobuf.__path__.append(str(Path(generated) / "google" / "protobuf"))
    for name in ("proto2", "proto3", "edition2023", "proto2_editions", "proto3_editions"):
        importlib.import_module(f"google.protobuf.test_messages_{name}_pb2")
    serve(importlib.import_module("conformance.conformance_pb2"), sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main(sys.argv[1])
