"""Explores all orders of the calls that several processes make to one DynamoDB table.

A process is a function that uses a store. It is deterministic, so it is continued by running it again: its calls so far
get the responses that they got before, its next call goes to the table, and the one after that stops it. A state is the
rows of the table and the responses so far of each process; orders that meet in one state are explored together.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import pytest
from botocore.exceptions import ClientError

from pushwire.store import DynamoDBClient, DynamoDBStore, StoreError
from pushwire.testing import StoreClock
from tests.store.memory_client import MemoryClient, key_of

__all__ = ["Explorer", "Process", "State"]

Process = Callable[[DynamoDBStore], object]
Row = dict[str, Any]


class Stop(BaseException):
    """Ends a process before a call."""


class Progress(NamedTuple):
    """What a process has done.

    Attributes:
        responses: The responses and errors of its calls.
        is_done: Whether it has ended.
        outcome: Its result, or the error of the store.
    """

    responses: tuple[Any, ...] = ()
    is_done: bool = False
    outcome: object = None


class State(NamedTuple):
    """A state of the table and of the processes."""

    rows: tuple[str, ...]
    processes: tuple[Progress, ...]

    @property
    def is_final(self) -> bool:
        """Whether all processes have ended."""
        return all(process.is_done for process in self.processes)

    def partition_keys(self) -> list[str]:
        """The partition keys of all rows."""
        return [json.loads(row)["pk"]["S"] for row in self.rows]


class ReplayingClient:
    """A client that returns recorded responses first, then makes one call, and then stops the process.

    A batch counts as one call for each row, because DynamoDB writes its rows one by one.
    """

    def __init__(self, client: Any, responses: Sequence[Any], steps: int) -> None:
        self.responses = list(responses)
        self._client = client
        self._replayed = 0
        self._steps = steps

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in ("get_item", "put_item", "query", "update_item", "batch_write_item"):
            raise AttributeError(name)
        return partial(self._batch if name == "batch_write_item" else self._call, name)

    def _batch(self, name: str, RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803
        for table, requests in RequestItems.items():
            for request in requests:
                self._call(name, RequestItems={table: [request]})
        return {}

    def _call(self, name: str, **parameters: Any) -> Any:
        if self._replayed == len(self.responses):
            if self._steps == 0:
                raise Stop
            self._steps -= 1
            try:
                response = getattr(self._client, name)(**parameters)
                self.responses.append({key: response[key] for key in response if key != "ResponseMetadata"})
            except ClientError as error:
                self.responses.append(error)
        self._replayed += 1
        response = self.responses[self._replayed - 1]
        if isinstance(response, ClientError):
            raise response
        return response


class Explorer:
    """Explores the orders of the calls of processes on one table."""

    def __init__(self, clock: StoreClock, patch: pytest.MonkeyPatch) -> None:
        self._client = MemoryClient()
        self._clock = clock
        self._patch = patch

    def store(self) -> DynamoDBStore:
        """Return a store for the table."""
        return DynamoDBStore("connections", client=self._client, clock=self._clock)

    def after(self, *processes: Process) -> State:
        """Return the state of an empty table after these processes, one after the other, and before any other."""
        self._restore(())
        for process in processes:
            process(self.store())
        return State(self._rows(), ())

    def states(self, start: State, *processes: Process) -> Iterator[State]:
        """Yield each state that some order of the processes' calls reaches."""
        first = State(start.rows, (Progress(),) * len(processes))
        seen, pending = {self._key(first)}, [first]
        while pending:
            state = pending.pop()
            yield state
            for number, process in enumerate(processes):
                if not state.processes[number].is_done:
                    following = self._step(state, number, process)
                    if self._key(following) not in seen:
                        seen.add(self._key(following))
                        pending.append(following)

    def finish(self, state: State, process: Process) -> State:
        """Return the state after the processes were killed and another one has run."""
        self._restore(state.rows)
        process(self.store())
        return State(self._rows(), state.processes)

    def _step(self, state: State, number: int, process: Process) -> State:
        self._restore(state.rows)
        client = ReplayingClient(self._client, state.processes[number].responses, steps=1)
        self._patch.setattr(os, "urandom", lambda size: bytes([number] * size))
        store = DynamoDBStore("connections", client=cast("DynamoDBClient", client), clock=self._clock)
        is_done, outcome = True, None
        try:
            outcome = process(store)
        except Stop:
            is_done = False
        except StoreError as error:
            outcome = error
        progress = list(state.processes)
        progress[number] = Progress(tuple(client.responses), is_done, outcome)
        return State(self._rows(), tuple(progress))

    def _rows(self) -> tuple[str, ...]:
        return tuple(sorted(json.dumps(row, sort_keys=True) for row in self._client.rows.values()))

    def _restore(self, rows: tuple[str, ...]) -> None:
        self._client.rows = {key_of(row): row for row in map(json.loads, rows)}

    def _key(self, state: State) -> object:
        histories = [json.dumps([seen(response) for response in each.responses]) for each in state.processes]
        return state.rows, tuple(histories)


def seen(response: Any) -> Any:
    """Return what a process sees of a response."""
    if isinstance(response, ClientError):
        error: Any = response.response
        return [error["Error"]["Code"], error.get("Item", {})]
    return response
