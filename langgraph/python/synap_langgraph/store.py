"""Keeps what graphs remember beyond their threads in a Synap pod."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
)

from synap_langgraph.pod import Pod

# What one request gives at most.
_ITEMS = 100
_NAMESPACES = 1000
# Behind which nothing is given.
_OFFSET_MAX = 10_000
# Of a query, which may be somebody's whole message; as UTF-16 has them.
_QUERY_CHARACTERS = 1000
# Requests of a batch that are on their way at a time.
_TOGETHER = 16

Index = Literal[False] | list[str] | None


class SynapItem(Item):
    """An item with the version that it has in the pod."""

    __slots__ = ("version",)
    version: int


class SynapSearchItem(SearchItem):
    """An item that was found, with its version."""

    __slots__ = ("version",)
    version: int


class SynapStore(BaseStore):
    """A store on a pod: each change is an event, and a query is answered by the pod's own search.

        graph = builder.compile(store=SynapStore(Pod(url, key)))

    Of a batch reads see what was there before it, and of several puts of one name the last one
    counts, as LangGraph's own stores have it.
    """

    def __init__(self, pod: Pod) -> None:
        super().__init__()
        self.pod = pod

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        ops = list(ops)
        puts = _last_puts(ops)
        results = [None if isinstance(op, PutOp) else self._read(op) for op in ops]
        for op in puts:
            procedure, given = _written(op)
            self.pod.call(procedure, **given)
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        ops = list(ops)
        puts = _last_puts(ops)
        few = asyncio.Semaphore(_TOGETHER)

        async def read(op: Op) -> Result:
            if isinstance(op, PutOp):
                return None
            async with few:
                return await self._aread(op)

        async def write(op: PutOp) -> None:
            procedure, given = _written(op)
            async with few:
                await self.pod.acall(procedure, **given)

        results = list(await asyncio.gather(*(read(op) for op in ops)))
        await asyncio.gather(*(write(op) for op in puts))
        return results

    def put_if_version(
        self,
        namespace: tuple[str, ...],
        key: str,
        value: dict[str, Any],
        expected_version: int,
        index: Index = None,
    ) -> int:
        """Puts an item if it has this version (`item.version`), or is not there (0); its new one.

        Otherwise PodError says CONFLICT, and details["actualVersion"].
        """
        _, given = _written(PutOp(namespace, key, value, index))
        return self.pod.call("store.put", **given, expectedVersion=expected_version)["version"]

    async def aput_if_version(
        self,
        namespace: tuple[str, ...],
        key: str,
        value: dict[str, Any],
        expected_version: int,
        index: Index = None,
    ) -> int:
        """As put_if_version."""
        _, given = _written(PutOp(namespace, key, value, index))
        return (await self.pod.acall("store.put", **given, expectedVersion=expected_version))["version"]

    # A read is what it asks, page by page, and what it makes of the answers.

    def _read(self, op: Op) -> Result:
        reading = _reading(op)
        while (asked := reading.next()) is not None:
            reading.take(self.pod.call(reading.procedure, **asked))
        return reading.result

    async def _aread(self, op: Op) -> Result:
        reading = _reading(op)
        while (asked := reading.next()) is not None:
            reading.take(await self.pod.acall(reading.procedure, **asked))
        return reading.result


class _Get:
    procedure = "store.get"

    def __init__(self, op: GetOp) -> None:
        self.result: Any = None
        self._asked: dict[str, Any] | None = {"namespace": list(op.namespace), "key": op.key}

    def next(self) -> dict[str, Any] | None:
        asked, self._asked = self._asked, None
        return asked

    def take(self, answer: dict[str, Any]) -> None:
        if item := answer.get("item"):
            self.result = _with_version(SynapItem(**_parts(item)), item)


class _Search:
    procedure = "store.search"

    def __init__(self, op: SearchOp) -> None:
        self.result: Any = []
        self._op = op
        self._is_over = False

    def _wanted(self) -> int:
        return min(self._op.limit - len(self.result), _ITEMS)

    def next(self) -> dict[str, Any] | None:
        offset = self._op.offset + len(self.result)
        if self._is_over or self._wanted() <= 0 or offset > _OFFSET_MAX:
            return None
        return {
            "namespacePrefix": list(self._op.namespace_prefix),
            "filter": self._op.filter or None,
            "query": _beginning(self._op.query) if self._op.query else None,
            "limit": self._wanted(),
            "offset": offset,
        }

    def take(self, answer: dict[str, Any]) -> None:
        items = answer["items"]
        # A page is shorter at the end, and where its items are large.
        self._is_over = len(items) < self._wanted() and not (items and answer["isCut"])
        self.result += [
            _with_version(SynapSearchItem(**_parts(item), score=item.get("score")), item) for item in items
        ]


class _Namespaces:
    procedure = "store.namespaces"

    def __init__(self, op: ListNamespacesOp) -> None:
        self.result: Any = []
        self._op = op
        self._paths: dict[str, list[str]] = {}
        self._is_over = False
        for condition in op.match_conditions or ():
            if condition.match_type in self._paths:
                raise InvalidNamespaceError(f"A pod takes one {condition.match_type} at a time.")
            self._paths[condition.match_type] = list(condition.path)

    def _wanted(self) -> int:
        return min(self._op.limit - len(self.result), _NAMESPACES)

    def next(self) -> dict[str, Any] | None:
        if self._is_over or self._wanted() <= 0:
            return None
        return {
            **self._paths,
            "maxDepth": self._op.max_depth,
            "limit": self._wanted(),
            "offset": self._op.offset + len(self.result),
        }

    def take(self, answer: dict[str, Any]) -> None:
        self._is_over = len(answer["namespaces"]) < self._wanted()
        self.result += [tuple(namespace) for namespace in answer["namespaces"]]


def _beginning(query: str) -> str:
    """As much of a query as a pod takes, without half of a character at its end."""
    return query.encode("utf-16-le", "replace")[: 2 * _QUERY_CHARACTERS].decode("utf-16-le", "ignore")


def _reading(op: Op) -> _Get | _Search | _Namespaces:
    if isinstance(op, GetOp):
        return _Get(op)
    if isinstance(op, SearchOp):
        return _Search(op)
    if isinstance(op, ListNamespacesOp):
        return _Namespaces(op)
    raise ValueError(f"Unknown operation type: {type(op)}")


def _last_puts(ops: list[Op]) -> list[PutOp]:
    puts: dict[tuple[tuple[str, ...], str], PutOp] = {}
    for op in ops:
        if not isinstance(op, PutOp):
            continue
        if op.ttl is not None:
            raise NotImplementedError("A pod keeps items until they are deleted: it has no TTL.")
        puts[(op.namespace, op.key)] = op
    return list(puts.values())


def _written(op: PutOp) -> tuple[str, dict[str, Any]]:
    given: dict[str, Any] = {"namespace": list(op.namespace), "key": op.key}
    if op.value is None:
        return "store.delete", given
    # The pod searches what is at some paths; with none of them it does not search the item.
    index = [] if op.index is False else op.index
    return "store.put", {**given, "value": op.value, "index": index}


def _parts(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "namespace": tuple(item["namespace"]),
        "key": item["key"],
        "value": item["value"],
        "created_at": datetime.fromisoformat(item["createdAt"].replace("Z", "+00:00")),
        "updated_at": datetime.fromisoformat(item["updatedAt"].replace("Z", "+00:00")),
    }


def _with_version(made: Any, item: dict[str, Any]) -> Any:
    made.version = item["version"]
    return made
