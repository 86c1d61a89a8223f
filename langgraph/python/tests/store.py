"""The store of a pod beside LangGraph's own one: what is asked of both must be answered the same.

    python store.py URL KEY      KEY may create users
"""

import asyncio
import inspect
import sys
from datetime import datetime, timedelta, timezone
from typing import TypedDict
from uuid import uuid4

from langgraph.graph import END, START, StateGraph
from langgraph.store.base import BaseStore, GetOp, InvalidNamespaceError, Item, PutOp, SearchOp
from langgraph.store.memory import InMemoryStore

from synap_langgraph import Pod, PodError, SynapStore

URL, OWNER_KEY = sys.argv[1:3]
MEMORIES = ("memories", "ann")

CALLS = [
    lambda s: s.get(MEMORIES, "tea"),
    lambda s: s.put(MEMORIES, "tea", {"text": "green", "cups": 3, "tags": ["a", "b"], "in": {"deep": 1, "x": 2}}),
    lambda s: s.get(MEMORIES, "tea"),
    lambda s: s.put(MEMORIES, "coffee", {"text": "black", "cups": 4}),
    lambda s: s.put(MEMORIES, "dog", {"text": "Bolt", "cups": 0, "is": None}, index=False),
    lambda s: s.put(("memories", "bea"), "tea", {"text": "black", "cups": 9.5}, index=["text"]),
    lambda s: s.put(("notes",), 'é "quoted" \n', {"text": "ünï"}),
    lambda s: s.get(("notes",), 'é "quoted" \n'),
    lambda s: s.put(("memoriesOfBob", "a:b"), "1", {}),
    lambda s: s.search(("memories",)),
    lambda s: s.search(()),
    lambda s: s.search(("memories",), filter={"text": "black"}),
    lambda s: s.search(("memories",), filter={"text": "black", "cups": 4}),
    lambda s: s.search(("memories",), filter={"cups": {"$gt": 0, "$lt": 9.5}}),
    lambda s: s.search(("memories",), filter={"cups": {"$gte": 4}}),
    lambda s: s.search(("memories",), filter={"cups": {"$lte": 4}}),
    lambda s: s.search(("memories",), filter={"text": {"$ne": "black"}}),
    lambda s: s.search(("memories",), filter={"text": {"$eq": "black"}}),
    lambda s: s.search(("memories",), filter={"is": None}),
    lambda s: s.search(("memories",), filter={"tags": ["a", "b"]}),
    lambda s: s.search(("memories",), filter={"tags": ["a"]}),
    lambda s: s.search(("memories",), filter={"in": {"deep": 1}}),
    lambda s: s.search(("memories",), filter={"in": {"deep": 2}}),
    lambda s: s.search(("none",)),
    lambda s: s.list_namespaces(),
    lambda s: s.list_namespaces(prefix=("memories",)),
    lambda s: s.list_namespaces(prefix=("*", "ann")),
    lambda s: s.list_namespaces(suffix=("*", "bea")),
    lambda s: s.list_namespaces(max_depth=1),
    lambda s: s.list_namespaces(limit=1, offset=1),
    lambda s: s.delete(MEMORIES, "dog"),
    lambda s: s.delete(MEMORIES, "dog"),
    lambda s: s.get(MEMORIES, "dog"),
    lambda s: s.search((), limit=100),
]
BATCH = [
    GetOp(MEMORIES, "tea"),
    PutOp(MEMORIES, "tea", {"n": 1}),
    PutOp(MEMORIES, "tea", {"n": 2}),
    PutOp(("notes",), 'é "quoted" \n', None),
    SearchOp(MEMORIES),
]
REFUSED = [(), ("a.b",), ("langgraph",), ("a", "")]


def plain(answer):
    """In which order items come is each store's own affair: here they are sorted."""
    if isinstance(answer, Item):
        assert abs(datetime.now(timezone.utc) - answer.updated_at) < timedelta(minutes=1), answer
        return answer.namespace, answer.key, answer.value
    if isinstance(answer, list) and answer and isinstance(answer[0], Item):
        return sorted(map(plain, answer), key=lambda item: item[:2])
    return answer


def same(ours, theirs, call) -> None:
    assert plain(ours) == plain(theirs), f"{inspect.getsource(call)}: {plain(ours)} and not {plain(theirs)}"


def answers_as_the_store_in_memory(pod: Pod) -> None:
    ours, theirs = SynapStore(pod), InMemoryStore()
    for call in CALLS:
        same(call(ours), call(theirs), call)
    for one, other in zip(ours.batch(BATCH), theirs.batch(BATCH), strict=True):
        assert plain(one) == plain(other), (one, other)
    assert plain(ours.search(())) == plain(theirs.search(()))
    for namespace in REFUSED:
        for store in (ours, theirs):
            try:
                store.put(namespace, "k", {})
            except InvalidNamespaceError:
                continue
            raise AssertionError(f"{namespace} was taken")


class Awaited:
    """A store whose calls are awaited, under their plain names."""

    def __init__(self, store: BaseStore, loop: asyncio.Runner) -> None:
        self._store = store
        self._loop = loop

    def __getattr__(self, name: str):
        return lambda *given, **named: self._loop.run(getattr(self._store, "a" + name)(*given, **named))


def answers_the_same_awaited(pod: Pod, loop: asyncio.Runner) -> None:
    ours, theirs = Awaited(SynapStore(pod), loop), InMemoryStore()
    for call in CALLS:
        same(call(ours), call(theirs), call)
    for one, other in zip(ours.batch(BATCH), theirs.batch(BATCH), strict=True):
        assert plain(one) == plain(other), (one, other)
    assert plain(ours.search(())) == plain(theirs.search(()))


def writes_on_the_version_that_was_read(pod: Pod, loop: asyncio.Runner) -> None:
    store = SynapStore(pod)
    assert store.put_if_version(("a",), "k", {"n": 1}, 0) == 1
    assert store.get(("a",), "k").version == 1
    assert loop.run(store.aput_if_version(("a",), "k", {"n": 2}, 1)) == 2
    try:
        store.put_if_version(("a",), "k", {"n": 3}, 1)
    except PodError as error:
        assert error.code == "CONFLICT" and error.details["actualVersion"] == 2, (error.code, error.details)
    else:
        raise AssertionError("it was written")
    assert store.get(("a",), "k").value == {"n": 2}


def finds_by_words(pod: Pod) -> None:
    store = SynapStore(pod)
    store.batch([PutOp(("many",), str(i), {"text": f"fact {i}"}) for i in range(130)])
    assert len({item.key for item in store.search(("many",), limit=120, offset=5)}) == 120
    best, *others = store.search(("many",), query="fact 77")
    assert best.key == "77" and best.version == 1, best
    assert best.score > max((other.score for other in others), default=0), (best, others)


def refuses_a_ttl(pod: Pod) -> None:
    try:
        SynapStore(pod).batch([PutOp(("a",), "k", {}, ttl=1)])
    except NotImplementedError:
        return
    raise AssertionError("it was taken")


def graphs_remember_from_one_thread_to_the_next(pod: Pod) -> None:
    class State(TypedDict):
        count: int

    def remember(_: State, *, store: BaseStore) -> dict:
        before = store.get(MEMORIES, "visits")
        count = (before.value["count"] if before else 0) + 1
        store.put(MEMORIES, "visits", {"count": count})
        return {"count": count}

    builder = StateGraph(State).add_node(remember)
    builder.add_edge(START, "remember").add_edge("remember", END)
    graph = builder.compile(store=SynapStore(pod))
    assert graph.invoke({"count": 0})["count"] == 1
    assert graph.invoke({"count": 0})["count"] == 2


def user() -> Pod:
    with Pod(URL, OWNER_KEY) as owner:
        return Pod(URL, owner.call("users.create", name=f"user {uuid4()}")["key"])


def main() -> None:
    with user() as pod:
        answers_as_the_store_in_memory(pod)
        finds_by_words(pod)
        graphs_remember_from_one_thread_to_the_next(pod)
        refuses_a_ttl(pod)
    with asyncio.Runner() as loop:
        pod = user()
        answers_the_same_awaited(pod, loop)
        writes_on_the_version_that_was_read(pod, loop)
        loop.run(pod.aclose())
    print("all was as it should be")


main()
