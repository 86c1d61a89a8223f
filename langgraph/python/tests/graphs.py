"""Graphs of LangGraph whose threads are in a pod.

    python graphs.py URL KEY
"""

import asyncio
import operator
import sys
from typing import Annotated, TypedDict

from langgraph.channels.delta import DeltaChannel
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from synap_langgraph import Pod, PodError, SynapSaver


class State(TypedDict):
    log: Annotated[list[str], operator.add]


def asking(saver: SynapSaver, calls: list[str]):
    def first(_: State) -> dict:
        calls.append("first")
        return {"log": ["first"]}

    def second(_: State) -> dict:
        calls.append("second")
        return {"log": [interrupt("May I?")]}

    builder = StateGraph(State).add_node(first).add_node(second)
    builder.add_edge(START, "first").add_edge("first", "second").add_edge("second", END)
    return builder.compile(checkpointer=saver)


def at(thread: str, **more: object) -> dict:
    return {"configurable": {"thread_id": thread, **more}}


def told(pod: Pod, thread: str) -> list[str]:
    events = pod.call("events.list", types=["graph.thread.*"])["events"]
    return [one["type"].removeprefix("graph.thread.") for one in events if one["data"]["threadId"] == thread]


def goes_on_with_an_answer(pod: Pod) -> None:
    calls: list[str] = []
    asked = asking(SynapSaver(pod), calls).invoke({"log": ["input"]}, at("t"))
    assert asked["__interrupt__"][0].value == "May I?", asked
    answered = asking(SynapSaver(pod), calls).invoke(Command(resume="yes"), at("t"))
    assert answered["log"] == ["input", "first", "yes"], answered
    assert calls == ["first", "second", "second"], calls
    assert told(pod, "t") == ["created", "interrupted", "resumed"], told(pod, "t")


async def goes_on_awaited(url: str, key: str) -> None:
    async with Pod(url, key) as pod:
        graph = asking(SynapSaver(pod), [])
        await graph.ainvoke({"log": ["input"]}, at("a"))
        answered = await graph.ainvoke(Command(resume="yes"), at("a"))
        assert answered["log"] == ["input", "first", "yes"], answered
        history = [one async for one in graph.aget_state_history(at("a"))]
        assert len(history) == 4, history


def keeps_what_deltas_follow_from(pod: Pod) -> None:
    class Deltas(TypedDict):
        log: Annotated[list[str], DeltaChannel(lambda old, writes: [*old, *(x for w in writes for x in w)], list)]

    builder = StateGraph(Deltas)
    names = [f"n{i}" for i in range(5)]
    for name in names:
        builder.add_node(name, lambda _, name=name: {"log": [name]})
    for left, right in zip([START, *names], [*names, END]):
        builder.add_edge(left, right)
    saver = SynapSaver(pod)
    graph = builder.compile(checkpointer=saver)
    graph.invoke({"log": ["input"]}, at("d"))
    assert graph.get_state(at("d")).values["log"] == ["input", *names]
    saver.prune(["d"])
    assert graph.get_state(at("d")).values["log"] == ["input", *names], graph.get_state(at("d"))
    saver.copy_thread("d", "e")
    assert graph.get_state(at("e")).values["log"] == ["input", *names]
    saver.delete_thread("d")
    assert saver.get_tuple(at("d")) is None


def says_what_is_refused(pod: Pod) -> None:
    try:
        SynapSaver(pod).copy_thread("none", "other")
    except PodError as error:
        assert error.code == "NOT_FOUND" and "You have no such thread" in str(error), error
    else:
        raise AssertionError("it was not refused")


def main() -> None:
    url, key = sys.argv[1:3]
    with Pod(url, key) as pod:
        goes_on_with_an_answer(pod)
        asyncio.run(goes_on_awaited(url, key))
        keeps_what_deltas_follow_from(pod)
        says_what_is_refused(pod)
    print("all was as it should be")


main()
