"""The same contract gives the same bytes, on every machine and in every run."""

from pathlib import Path

import pytest
from google.protobuf.compiler import plugin_pb2

from tests.codegen import toolchain
from tests.codegen.requests import answer, ask_plugin
from tests.codegen.toolchain import FIXTURES


def test_five_hash_seeds_and_two_folders_give_one_answer(fixture_request: bytes, tmp_path: Path) -> None:
    answers = set()
    for number, seed in enumerate(["0", "1", "2", "31337", "4294967295"]):
        folder = tmp_path if number % 2 else FIXTURES
        done = ask_plugin(fixture_request, folder=folder, PYTHONHASHSEED=seed)
        assert (done.returncode, done.stderr) == (0, b"")
        answers.add(done.stdout)
    assert len(answers) == 1
    assert list(tmp_path.iterdir()) == []


def test_five_hash_seeds_give_one_list_of_errors(fixture_request: bytes) -> None:
    request = plugin_pb2.CodeGeneratorRequest.FromString(fixture_request)
    for file in request.proto_file:
        for service in file.service:
            for method in service.method:
                method.server_streaming = True
    errors = {ask_plugin(request.SerializeToString(), PYTHONHASHSEED=str(seed)).stdout for seed in range(5)}
    assert len(errors) == 1


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_the_locale_and_the_terminal_change_nothing(locale: str, fixture_request: bytes) -> None:
    usual = ask_plugin(fixture_request)
    other = ask_plugin(
        fixture_request, LC_ALL=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", COLUMNS="20", TZ="Asia/Tokyo"
    )
    assert (other.returncode, other.stdout) == (0, usual.stdout)


@pytest.mark.parametrize(
    "path",
    ["root.proto", "billing/chat.proto", "names/keywords.proto", "shop/orders/v1/orders.proto", "aliases/note.proto"],
)
def test_a_file_alone_gives_what_it_gives_among_all(path: str, fixture_request: bytes, absolute: Path) -> None:
    request = plugin_pb2.CodeGeneratorRequest.FromString(fixture_request)
    request.ClearField("file_to_generate")
    request.file_to_generate.append(path)
    files = answer(request).file
    assert len(files) == 3
    for file in files:
        assert file.content.encode() == (absolute / file.name).read_bytes()


def test_a_run_for_each_folder_gives_what_one_run_gives(absolute: Path, tmp_path: Path) -> None:
    toolchain.buf_workspace(tmp_path / "work", FIXTURES / "proto")
    by_folder = {"local": toolchain.PLUGIN, "out": "out", "strategy": "directory"}
    done = toolchain.buf_generate(tmp_path / "work", [by_folder])
    assert done.returncode == 0, done.stderr
    assert toolchain.modules(tmp_path / "work" / "out") == toolchain.modules(absolute)


def test_the_order_of_files_to_generate_changes_no_file(fixture_request: bytes) -> None:
    request = plugin_pb2.CodeGeneratorRequest.FromString(fixture_request)
    usual = answer(request)
    files = list(request.file_to_generate)
    request.ClearField("file_to_generate")
    request.file_to_generate.extend(reversed(files))
    assert sorted((file.name, file.content) for file in answer(request).file) == sorted(
        (file.name, file.content) for file in usual.file
    )
