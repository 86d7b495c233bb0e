"""Errors in contracts: their texts, their order, and their form without locations."""

from pushwire.plugin.diagnostics import Diagnostic
from pushwire.plugin.locations import Position
from pushwire.v1 import options_pb2
from tests.plugin.contracts import SEND, Contract, generated, problems


def problem(file: str = "a.proto", position: Position | None = None, subject: str = "S.R") -> Diagnostic:
    return Diagnostic(file=file, position=position, subject=subject, text="is wrong: right it")


def test_a_problem_is_a_line_that_editors_understand() -> None:
    assert str(problem(position=Position(3, 14))) == "a.proto:3:14: S.R: is wrong: right it"
    assert str(problem(position=Position(1, 1), subject="")) == "a.proto:1:1: is wrong: right it"
    assert str(problem()) == "a.proto: S.R: is wrong: right it"
    assert str(problem(subject="")) == "a.proto: is wrong: right it"


def test_problems_are_sorted_as_numbers() -> None:
    ordered = [
        problem("a.proto"),
        problem("a.proto", Position(2, 9)),
        problem("a.proto", Position(2, 10)),
        problem("a.proto", Position(10, 1)),
        problem("b.proto", Position(1, 1)),
    ]
    shuffled = [ordered[index] for index in (3, 1, 4, 0, 2)]
    assert sorted(shuffled, key=Diagnostic.sorts_as) == ordered


def test_without_source_information_problems_have_no_place() -> None:
    contract = Contract("class/chat.proto")
    contract.rpc("Send", operation=options_pb2.Operation(direction=options_pb2.DIRECTION_BIDIRECTIONAL, route="$x"))
    contract.rpc("send")
    contract.rpc("Send2", operation=options_pb2.Operation(route="send"), service="Chat")
    contract.descriptor.ClearField("source_code_info")
    lines = problems(contract)
    assert [line.split(": ")[:2] for line in lines] == [
        [
            "class/chat.proto",
            (
                "the Python module class.chat_pb2 cannot be imported, because 'class' is a Python keyword; "
                "rename that part of its path"
            ),
        ],
        ["class/chat.proto", "Chat"],
        ["class/chat.proto", "ChatService.send"],
        ["class/chat.proto", "ChatService.Send"],
        ["class/chat.proto", "Chat.Send2"],
    ]
    assert "(line" not in "".join(lines)


def test_one_rpc_can_have_several_problems() -> None:
    contract = Contract()
    operation = options_pb2.Operation(
        direction=options_pb2.DIRECTION_BIDIRECTIONAL, route="", format=options_pb2.Format.ValueType(9)
    )
    rpc = contract.rpc("_Send", operation=operation)
    rpc.client_streaming = rpc.server_streaming = True
    rpc.output_type = f".{contract.message('Answer')}"
    assert len(problems(contract)) == 6


def test_the_problems_of_all_files_are_told_in_one_run() -> None:
    contracts = [Contract(f"{name}.proto", name) for name in "cab"]
    for contract in contracts:
        contract.rpc("Send").client_streaming = True
    assert [line.split(":")[0] for line in problems(*contracts)] == ["a.proto", "b.proto", "c.proto"]


def test_the_same_route_is_fine_in_two_services() -> None:
    contract = Contract()
    for service in ("OneService", "TwoService"):
        contract.rpc("Send", service=service)
    assert len(generated(contract)) == 2


def test_a_folder_hides_a_generated_module_only_at_its_own_place() -> None:
    contract = Contract("a/x.proto", "a")
    contract.rpc("Poke")
    elsewhere = Contract("b/x_pushwire/y.proto", "b")
    assert list(generated(contract, imported=[elsewhere])) == ["a/x_pushwire_operations.py", "a/x_pushwire.py"]
    here = Contract("a/x_pushwire/deep/y.proto", "a.y")
    (line,) = problems(contract, imported=[here])
    assert "the folder a/x_pushwire/ of a/x_pushwire/deep/y.proto would hide" in line


def test_a_long_route_is_not_repeated_in_full() -> None:
    contract = Contract()
    operation = options_pb2.Operation(direction=SEND.direction, route="r" * 5000)
    contract.rpc("One", operation=operation)
    contract.rpc("Two", operation=operation)
    assert max(map(len, problems(contract))) < 300
