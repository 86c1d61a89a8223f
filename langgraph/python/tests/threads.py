"""The Agent Protocol's threads, called by the official langgraph-sdk, beside a graph whose threads are in the pod.

    python threads.py URL KEY
"""

import asyncio
import datetime
import operator
import sys
import uuid
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.func import entrypoint
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, Send, interrupt
from langgraph_sdk import get_client, get_sync_client
from langgraph_sdk.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
)

from synap_langgraph import Pod, SynapSaver

URL, KEY = sys.argv[1:3]


@dataclass
class Place:
    name: str
    at: datetime.date


class State(TypedDict):
    log: Annotated[list[str], operator.add]
    messages: Annotated[list, add_messages]
    rest: Any


def at(thread: str, **more: object) -> dict:
    return {"configurable": {"thread_id": thread, **more}}


async def refused(kind: type[Exception], call) -> str:
    try:
        await call
    except kind as error:
        return error.message
    raise AssertionError(f"no {kind.__name__}")


def asking(pod: Pod):
    def first(_: State) -> dict:
        return {"log": ["first"], "messages": [AIMessage("Hello", id="m2")]}

    def second(_: State) -> dict:
        return {"log": [interrupt({"question": "May I?"})]}

    builder = StateGraph(State).add_node(first).add_node(second)
    builder.add_edge(START, "first").add_edge("first", "second").add_edge("second", END)
    return builder.compile(checkpointer=SynapSaver(pod))


def same(shown: dict, state) -> None:
    """What the SDK shows is what the graph itself says of the state."""
    assert sorted(shown["next"]) == sorted(state.next), (shown["next"], state.next)
    assert shown["checkpoint"]["checkpoint_id"] == state.config["configurable"]["checkpoint_id"]
    assert (shown["parent_checkpoint"] or {}).get("checkpoint_id") == (
        state.parent_config["configurable"]["checkpoint_id"] if state.parent_config else None)
    assert shown["created_at"] == state.created_at
    assert shown["metadata"] == state.metadata, (shown["metadata"], state.metadata)
    theirs = sorted((task.name, task.error or "", [one.id for one in task.interrupts]) for task in state.tasks)
    ours = sorted((task["name"], task["error"] or "", [one["id"] for one in task["interrupts"]]) for task in shown["tasks"])
    assert ours == theirs, (ours, theirs)
    assert [one["id"] for one in shown["interrupts"]] == [one.id for one in state.interrupts]


async def a_thread_of_a_graph(pod: Pod, threads) -> None:
    graph = asking(pod)
    made = await threads.create(thread_id="t", metadata={"who": "ann", "tags": ["a", "b"]}, graph_id="asking")
    assert made["status"] == "idle" and made["values"] == {} and made["interrupts"] == {}, made
    assert made["metadata"] == {"who": "ann", "tags": ["a", "b"], "graph_id": "asking"}
    empty = await threads.get_state("t")
    assert empty["values"] == {} and empty["next"] == [] and empty["checkpoint"]["checkpoint_id"] is None, empty
    assert await threads.get_history("t") == []

    await graph.ainvoke({"log": ["input"], "messages": [HumanMessage("Hi", id="m1")]}, at("t"))
    thread = await threads.get("t")
    assert thread["status"] == "interrupted", thread
    assert thread["values"]["log"] == ["input", "first"]
    assert [(m["type"], m["content"], m["id"]) for m in thread["values"]["messages"]] == [
        ("human", "Hi", "m1"), ("ai", "Hello", "m2")]
    ((task, (asked,)),) = thread["interrupts"].items()
    assert asked["value"] == {"question": "May I?"}, asked
    state = await threads.get_state("t")
    same(state, await graph.aget_state(at("t")))
    assert state["tasks"][0]["id"] == task and state["next"] == ["second"]
    assert set(state["values"]) == {"log", "messages"}

    await graph.ainvoke(Command(resume="yes"), at("t"))
    thread = await threads.get("t")
    assert (thread["status"], thread["interrupts"]) == ("idle", {}), thread
    assert thread["values"]["log"] == ["input", "first", "yes"]
    assert thread["state_updated_at"] >= thread["created_at"]
    same(await threads.get_state("t"), await graph.aget_state(at("t")))

    states = [one async for one in graph.aget_state_history(at("t"))]
    history = await threads.get_history("t", limit=100)
    assert len(history) == len(states) == 4
    for shown, state in zip(history, states, strict=True):
        same(shown, state)
    oldest = history[-1]["checkpoint"]
    assert await threads.get_history("t", limit=2) == history[:2]
    assert await threads.get_history("t", before=history[1]["checkpoint"]) == history[2:]
    assert await threads.get_history("t", metadata={"source": "input"}) == history[-1:]
    assert await threads.get_state("t", checkpoint_id=oldest["checkpoint_id"]) == history[-1]
    assert await threads.get_state("t", checkpoint=oldest) == history[-1]
    some = await threads.get_state("t", select=["values.log", "next"])
    assert some == {"values": {"log": ["input", "first", "yes"]}, "next": []}, some


async def a_copy_goes_on_by_itself(pod: Pod, threads) -> None:
    graph = asking(pod)
    await graph.ainvoke({"log": ["input"], "messages": []}, at("c"))
    await threads.update("c", metadata={"who": "bea"})
    copied = await threads.copy("c")
    other = copied["thread_id"]
    assert uuid.UUID(other) and copied["status"] == "interrupted" and copied["metadata"] == {"who": "bea"}, copied
    same(await threads.get_state(other), await graph.aget_state(at(other)))
    await graph.ainvoke(Command(resume="other"), at(other))
    assert (await threads.get(other))["values"]["log"] == ["input", "first", "other"]
    assert (await threads.get("c"))["status"] == "interrupted"
    assert await threads.prune([other, "none"]) == {"pruned_count": 1}
    await refused(NotFoundError, threads.get(other))
    assert await threads.prune(["c"], strategy="keep_latest") == {"pruned_count": 1}
    assert len(await threads.get_history("c")) == 1


async def what_is_to_be_done(pod: Pod, threads) -> None:
    """Edges, edges of several, what is sent, what has failed: as the graph itself says."""

    def node(name: str):
        return lambda _: {"log": [name]}

    def sent(given: dict) -> dict:
        return {"log": [interrupt(given)]}

    builder = StateGraph(State)
    for name in ("a", "b", "join"):
        builder.add_node(name, node(name))
    builder.add_node("sent", sent)
    builder.add_edge(START, "a").add_edge(START, "b").add_edge(["a", "b"], "join")
    builder.add_conditional_edges("join", lambda _: ["b", Send("sent", {"x": 1}), Send("sent", {"x": 2})])
    graph = builder.compile(checkpointer=SynapSaver(pod))
    await graph.ainvoke({"log": ["input"]}, at("many"))
    states = [one async for one in graph.aget_state_history(at("many"))]
    shown = await threads.get_history("many")
    for ours, theirs in zip(shown, states, strict=True):
        same(ours, theirs)
    now = await threads.get_state("many")
    same(now, await graph.aget_state(at("many")))
    assert sorted(now["next"]) == ["sent", "sent"] and len(shown[0]["next"]) == 3
    assert [task["result"] for task in now["tasks"] if task["name"] == "b"] == [{"log": ["b"]}]
    assert sorted(shown[1]["next"]) == ["join"] and sorted(shown[2]["next"]) == ["a", "b"]
    assert (await threads.get("many"))["status"] == "interrupted"

    before = builder.compile(checkpointer=SynapSaver(pod), interrupt_before=["join"])
    await before.ainvoke({"log": ["input"]}, at("before"))
    same(await threads.get_state("before"), await before.aget_state(at("before")))
    assert (await threads.get("before"))["status"] == "busy"

    def bad(_: State) -> dict:
        raise ValueError("it cannot be")

    failing = StateGraph(State).add_node(bad).add_edge(START, "bad").compile(checkpointer=SynapSaver(pod))
    try:
        await failing.ainvoke({"log": ["input"]}, at("failed"))
    except ValueError:
        pass
    same(await threads.get_state("failed"), await failing.aget_state(at("failed")))
    assert (await threads.get("failed"))["status"] == "error"

    @entrypoint(checkpointer=SynapSaver(pod))
    def function(given: int) -> dict:
        return {"answer": interrupt(given)}

    function.invoke(41, at("function"))
    same(await threads.get_state("function"), function.get_state(at("function")))
    function.invoke(Command(resume=42), at("function"))
    assert (await threads.get_state("function"))["values"] == {"answer": 42}


async def values_are_shown_or_said_to_be_unread(pod: Pod, threads) -> None:
    class Deltas(State):
        deltas: Annotated[list[str], DeltaChannel(lambda old, writes: [*old, *(x for w in writes for x in w)], list)]

    when = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
    number = uuid.UUID("0190a6f0-0000-7000-8000-000000000001")
    rest = {"set": {"a"}, "when": when, "id": number, "place": Place("here", datetime.date(2026, 1, 2)), "bytes": b"x",
            "complex": {1: 2.5, "n": None, "big": 2**40, "less": -5}, "words": "ünï"}
    builder = StateGraph(Deltas).add_node("one", lambda _: {"rest": rest, "deltas": ["b"]})
    builder.add_edge(START, "one")
    graph = builder.compile(checkpointer=SynapSaver(pod))
    await graph.ainvoke({"log": [], "deltas": ["a"]}, at("values"))
    values = (await threads.get("values"))["values"]
    assert values["rest"] == {
        "set": ["a"], "when": when.isoformat(), "id": str(number), "place": {"name": "here", "at": "2026-01-02"},
        "bytes": {"__unread__": {"type": "msgpack", "bytes": 1, "of": "bytes"}},
        "complex": {"1": 2.5, "n": None, "big": 2**40, "less": -5}, "words": "ünï"}, values["rest"]
    assert "__unread__" in values["deltas"], values


async def threads_are_found(threads) -> None:
    async def names(**asked) -> list[str]:
        return [one["thread_id"] for one in await threads.search(**{"limit": 100, **asked})]

    everything = await names(sort_by="thread_id", sort_order="asc")
    assert everything == sorted(everything) and "t" in everything and len(everything) > 6, everything
    assert await names(metadata={"who": "ann"}) == ["t"]
    assert await names(metadata={"tags": ["b"]}) == ["t"] and await names(metadata={"tags": ["c"]}) == []
    assert await names(values={"log": ["yes"]}) == ["t"]
    assert await names(ids=["t", "none"]) == ["t"]
    assert await names(status="error") == ["failed"]
    assert set(await names(status="interrupted")) == {"c", "many"}
    assert await names(limit=2, offset=1, sort_by="thread_id", sort_order="asc") == everything[1:3]
    assert await names(limit=1, offset=1, metadata={"who": "ann"}) == []
    assert await threads.count() == len(everything)
    assert await threads.count(status="interrupted") == 2
    assert await threads.count(metadata={"who": "ann"}, status="idle") == 1
    (one,) = await threads.search(ids=["t"], select=["thread_id", "metadata"])
    assert set(one) == {"thread_id", "metadata"}


async def what_is_refused_says_why(threads, owner: Pod) -> None:
    assert "There is such a thread" in await refused(ConflictError, threads.create(thread_id="t"))
    assert (await threads.create(thread_id="t", if_exists="do_nothing"))["metadata"]["who"] == "ann"
    made = await threads.create()
    assert uuid.UUID(made["thread_id"]) and made["metadata"] == {}
    assert "--threads-retention" in await refused(BadRequestError, threads.create(ttl=5))
    assert "supersteps" in await refused(
        BadRequestError, threads.create(supersteps=[{"updates": [{"values": {}, "as_node": "a"}]}]))
    assert "no such thread" in await refused(NotFoundError, threads.get("none"))
    assert "no such thread" in await refused(NotFoundError, threads.update("none", metadata={}))
    assert "no such thread" in await refused(NotFoundError, threads.get_state("none"))
    assert "no such thread" in await refused(NotFoundError, threads.get_history("none"))
    assert "no such thread" in await refused(NotFoundError, threads.copy("none"))
    assert "no such checkpoint" in await refused(NotFoundError, threads.get_state("t", checkpoint_id="none"))
    assert "update_state" in await refused(InternalServerError, threads.update_state("t", {"log": ["x"]}))
    assert "metadata: 20" in await refused(BadRequestError, threads.update("t", metadata={"x": "x" * 20_000}))
    assert "limit" in await refused(BadRequestError, threads.search(limit=1_000_000))
    assert "status" in await refused(BadRequestError, threads.search(status="asleep"))
    client = get_client(url=URL, api_key=KEY)
    assert "SynapSaver" in await refused(InternalServerError, client.runs.create("t", "agent"))
    assert "SynapSaver" in await refused(InternalServerError, client.assistants.search())
    assert "SynapSaver" in await refused(InternalServerError, client.crons.create("agent", schedule="* * * * *"))

    # Names are anybody's text.
    for name in ("search", "a/b", "..", "état & 'x' %2F?#", "state"):
        await threads.create(thread_id=name, metadata={"odd": True})
        assert (await threads.get(name))["thread_id"] == name
        assert (await threads.get_state(name))["checkpoint"]["thread_id"] == name
        assert (await threads.update(name, metadata={"more": [1]}))["metadata"] == {"odd": True, "more": [1]}
    for one in await threads.search(metadata={"odd": True}, limit=100):
        assert await threads.delete(one["thread_id"]) is None
    assert await threads.count(metadata={"odd": True}) == 0

    # A key that may only read, one that may nothing, and another user.
    def key_of(**more) -> str:
        return owner.call("keys.create", name="x", **more)["key"]

    reader = get_client(url=URL, api_key=key_of(scopes=["graphThreads:read", "checkpoints:read"])).threads
    assert (await reader.get("t"))["thread_id"] == "t"
    await refused(PermissionDeniedError, reader.create())
    await refused(PermissionDeniedError, reader.delete("t"))
    nobody = get_client(url=URL, api_key=key_of(scopes=["notes:read"])).threads
    await refused(PermissionDeniedError, nobody.get("t"))
    await refused(AuthenticationError, get_client(url=URL, api_key="synap_none").threads.get("t"))
    stranger = get_client(url=URL, api_key=owner.call("users.create", name="stranger")["key"]).threads
    await refused(NotFoundError, stranger.get("t"))
    assert await stranger.search() == [] and await stranger.count() == 0


async def main() -> None:
    threads = get_client(url=URL, api_key=KEY).threads
    async with Pod(URL, KEY) as pod:
        await a_thread_of_a_graph(pod, threads)
        await a_copy_goes_on_by_itself(pod, threads)
        await what_is_to_be_done(pod, threads)
        await values_are_shown_or_said_to_be_unread(pod, threads)
    await threads_are_found(threads)
    with Pod(URL, KEY) as pod:
        await what_is_refused_says_why(threads, pod)
    blocking = get_sync_client(url=URL, api_key=KEY).threads
    assert blocking.get("t")["status"] == "idle"
    assert blocking.update("t", metadata={"x": 1}, return_minimal=True) is None
    blocking.delete("t")
    print("all was as it should be")


asyncio.run(main())
