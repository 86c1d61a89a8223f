"""An agent of LangGraph: when a task is done, it asks the pod's language model what is worth keeping, and makes notes of that."""

import json
import operator
import os
import threading
from typing import Annotated, Any, TypedDict

import flask
import inngest
import inngest.flask
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import InjectedToolCallId, tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.graph import END, START, StateGraph
from pydantic import ValidationError
from synap_langgraph import Pod, PodError, SynapSaver
from werkzeug.serving import make_server

URL = os.environ.get("SYNAP_URL", "http://127.0.0.1:4400")
PORT = int(os.environ.get("PORT", "3000"))
# In development the pod asks for no keys; otherwise INNGEST_SIGNING_KEY and INNGEST_EVENT_KEY say whose this is.
IS_PRODUCTION = "INNGEST_SIGNING_KEY" in os.environ

pod = Pod(URL, os.environ["SYNAP_KEY"])
client = inngest.Inngest(
    app_id="python-agent", api_base_url=URL, event_api_base_url=URL, is_production=IS_PRODUCTION
)


@tool("createEntity")
def create_entity(
    title: Annotated[str, "A few words."],
    content: Annotated[str, "Markdown."],
    call_id: Annotated[str, InjectedToolCallId],
    config: RunnableConfig,
) -> str:
    """Keeps a note."""
    # The agent calls the same API as people do. A call that comes again after a crash is the same call, by its key.
    event_id = config["configurable"]["thread_id"]
    result = pod.caused_by(event_id).call(
        "notes.create", title=title, content=content, idempotencyKey=f"{event_id}:{call_id}"
    )
    print("made the note", json.dumps(title), flush=True)
    return json.dumps(result)


class State(TypedDict):
    messages: Annotated[list[dict[str, Any]], operator.add]


def think(state: State) -> State:
    """Which model that is, the pod's settings say."""
    print("thinks", flush=True)
    tools = [convert_to_openai_tool(create_entity)["function"]]
    answer = pod.call("models.generate", messages=state["messages"], tools=tools)
    return {"messages": [{"role": "assistant", "text": answer["text"], "toolCalls": answer["toolCalls"]}]}


def act(state: State, config: RunnableConfig) -> State:
    return {"messages": [called(call, config) for call in state["messages"][-1]["toolCalls"]]}


def called(call: dict[str, Any], config: RunnableConfig) -> dict[str, Any]:
    asked = {"type": "tool_call", "name": call["name"], "id": call["id"], "args": call["input"]}
    try:
        text = create_entity.invoke(asked, config).content
    except (PodError, ValidationError) as error:
        text = str(error)  # for the model, which may do better
    return {"role": "tool", "toolCallId": call["id"], "text": text}


def after_thinking(state: State) -> str:
    return "act" if state["messages"][-1]["toolCalls"] else END


builder = StateGraph(State).add_node("think", think).add_node("act", act)
builder.add_edge(START, "think").add_conditional_edges("think", after_thinking).add_edge("act", "think")
graph = builder.compile(checkpointer=SynapSaver(pod))


@client.create_function(
    fn_id="keep-what-was-learnt",
    trigger=inngest.TriggerEvent(event="task.completion.completed"),
)
def keep_what_was_learnt(ctx: inngest.ContextSync) -> dict[str, str]:
    # The event names the thread. Where this process died, the pod calls again, and the graph goes on at its checkpoint.
    config: RunnableConfig = {"configurable": {"thread_id": ctx.event.id}, "recursion_limit": 20}
    question = f'The task "{ctx.event.data["title"]}" is done. Keep what is worth keeping in notes.'
    thread = graph.get_state(config)
    if thread.created_at is None:
        state = graph.invoke({"messages": [{"role": "user", "text": question}]}, config, durability="sync")
    elif thread.next:
        state = graph.invoke(None, config, durability="sync")
    else:
        state = thread.values  # it is over: that alone was not told
    return {"answer": state["messages"][-1]["text"]}


app = flask.Flask(__name__)
inngest.flask.serve(app, client, [keep_what_was_learnt])

if __name__ == "__main__":
    server = make_server("127.0.0.1", PORT, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    # The pod asks an agent to register, not the other way round: so we ask the pod to.
    asked = pod.call("apps.sync", url=f"http://127.0.0.1:{PORT}/api/inngest")
    print(f"working for {URL}" if asked["isRegistered"] else f"not registered: {asked['problem']}", flush=True)
    serving.join()
