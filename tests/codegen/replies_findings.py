"""What mypy and pyright say to each mistake of `fixtures/typing/mistaken_replies.py`."""

# ruff: noqa: E501  # messages stay whole, to be found by a search

from tests.codegen.checker_findings import Findings

FINDINGS: dict[str, Findings] = {
    "a handler of another reply": Findings(
        mypy=[
            (
                "override",
                'Return type "Money" of "ask" incompatible with return type "Answer" in supertype "replies.replies_pushwire.AskHandlers"',
            )
        ],
        pyright=[
            ("reportIncompatibleMethodOverride", 'Method "ask" overrides class "AskHandlers" in an incompatible manner')
        ],
    ),
    "another reply returned": Findings(
        mypy=[("return-value", 'Incompatible return value type (got "Answer", expected "Money")')],
        pyright=[("reportReturnType", 'Type "Answer" is not assignable to return type "Money"')],
    ),
    "a reply forgotten": Findings(
        mypy=[("return", "Missing return statement")],
        pyright=[
            ("reportReturnType", 'Function with declared return type "Question" must return value on all code paths')
        ],
    ),
    "a handler without its reply": Findings(
        mypy=[
            (
                "override",
                'Return type "None" of "str" incompatible with return type "Answer" in supertype "replies.replies_pushwire.AskHandlers"',
            )
        ],
        pyright=[
            ("reportIncompatibleMethodOverride", 'Method "str" overrides class "AskHandlers" in an incompatible manner')
        ],
    ),
    "a function of another reply": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "__call__" of "_Decorator" has incompatible type "Callable[[Request[Question, AskServerSdk]], Money]"; expected "Callable[[Request[Question, AskServerSdk]], Answer]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(request: AskRequest[Question]) -> Money" cannot be assigned to parameter "function" of type "(AskRequest[Question]) -> Answer" in function "__call__"',
            )
        ],
    ),
    "a function without its reply": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "__call__" of "_Decorator" has incompatible type "Callable[[Request[Question, AskServerSdk]], None]"; expected "Callable[[Request[Question, AskServerSdk]], Money]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(request: AskRequest[Question]) -> None" cannot be assigned to parameter "function" of type "(AskRequest[Question]) -> Money" in function "__call__"',
            )
        ],
    ),
    "an async function of another reply": Findings(
        mypy=[
            (
                "arg-type",
                'Argument 1 to "__call__" of "_Decorator" has incompatible type "Callable[[Request[Question, AsyncAskServerSdk]], Coroutine[Any, Any, Question]]"; expected "Callable[[Request[Question, AsyncAskServerSdk]], Coroutine[Any, Any, Answer]]"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "(request: AsyncAskRequest[Question]) -> CoroutineType[Any, Any, Question]" cannot be assigned to parameter "function" of type "(AsyncAskRequest[Question]) -> Coroutine[Any, Any, Answer]" in function "__call__"',
            )
        ],
    ),
    "a time-out of a request in words": Findings(
        mypy=[("arg-type", 'Argument "timeout" to "ask" of "AskClient" has incompatible type "str"; expected "float"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'5\']" cannot be assigned to parameter "timeout" of type "float" in function "ask"',
            )
        ],
    ),
    "no time-out of a request": Findings(
        mypy=[
            ("arg-type", 'Argument "timeout" to "ask" of "AskClient" has incompatible type "None"; expected "float"')
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "None" cannot be assigned to parameter "timeout" of type "float" in function "ask"',
            )
        ],
    ),
    "a time-out of a request by position": Findings(
        mypy=[("call-arg", 'Too many positional arguments for "ask" of "AskClient"')],
        pyright=[("reportCallIssue", "Expected 1 positional argument")],
    ),
    "an id that is a number": Findings(
        mypy=[("arg-type", 'Argument "id" to "ask" of "AskClient" has incompatible type "int"; expected "str | None"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[7]" cannot be assigned to parameter "id" of type "str | None" in function "ask"',
            )
        ],
    ),
    "a confirmation of a request": Findings(
        mypy=[("call-arg", 'Unexpected keyword argument "confirm" for "ask" of "AskClient"')],
        pyright=[("reportCallIssue", 'No parameter named "confirm"')],
    ),
    "a confirmation in words": Findings(
        mypy=[
            ("arg-type", 'Argument "confirm" to "remark" of "AskClient" has incompatible type "str"; expected "bool"')
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'yes\']" cannot be assigned to parameter "confirm" of type "bool" in function "remark"',
            )
        ],
    ),
    "a time-out of a send in words": Findings(
        mypy=[
            (
                "arg-type",
                'Argument "timeout" to "remark" of "AskClient" has incompatible type "str"; expected "float | None"',
            )
        ],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'5\']" cannot be assigned to parameter "timeout" of type "float | None" in function "remark"',
            )
        ],
    ),
    "a reply of another type": Findings(
        mypy=[
            ("assignment", 'Incompatible types in assignment (expression has type "Answer", variable has type "Money")')
        ],
        pyright=[("reportAssignmentType", 'Type "Answer" is not assignable to declared type "Money"')],
    ),
    "a field of another reply": Findings(
        mypy=[("attr-defined", '"Answer" has no attribute "units"')],
        pyright=[
            ("reportUnknownMemberType", 'Type of "units" is unknown'),
            ("reportUnknownArgumentType", "Argument type is unknown"),
            ("reportAttributeAccessIssue", 'Cannot access attribute "units" for class "Answer"'),
        ],
    ),
    "a request that is not awaited": Findings(
        mypy=[("unused-coroutine", 'Value of type "Coroutine[Any, Any, Answer]" must be used')],
        pyright=[
            (
                "reportUnusedCoroutine",
                'Result of async function call is not used; use "await" or assign result to variable',
            )
        ],
    ),
    "a code in words": Findings(
        mypy=[("arg-type", 'Argument 1 to "OperationError" has incompatible type "str"; expected "Code"')],
        pyright=[
            (
                "reportArgumentType",
                'Argument of type "Literal[\'not_found\']" cannot be assigned to parameter "code" of type "Code" in function "__init__"',
            )
        ],
    ),
}
