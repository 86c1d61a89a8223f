"""A worker: when a note is made, each of its open items ("- [ ] buy milk") becomes a task."""

import json
import os
import re
import threading
import urllib.request

import flask
import inngest
import inngest.flask
from werkzeug.serving import make_server

URL = os.environ.get("SYNAP_URL", "http://127.0.0.1:4400")
KEY = os.environ["SYNAP_KEY"]
PORT = int(os.environ.get("PORT", "3000"))
# In development the pod asks for no keys; otherwise INNGEST_SIGNING_KEY and INNGEST_EVENT_KEY say whose this is.
IS_PRODUCTION = "INNGEST_SIGNING_KEY" in os.environ

client = inngest.Inngest(
    app_id="python-worker",
    api_base_url=URL,
    event_api_base_url=URL,
    is_production=IS_PRODUCTION,
)


def call(procedure: str, *, cause: str | None = None, **data: object) -> dict:
    """A procedure of the pod (docs/rest.md), called because of an event."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    if cause is not None:
        headers["synap-caused-by"] = cause
    request = urllib.request.Request(f"{URL}/api/{procedure}", data=json.dumps(data).encode(), headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@client.create_function(
    fn_id="make-tasks",
    trigger=inngest.TriggerEvent(event="note.creation.completed"),
)
def make_tasks(ctx: inngest.ContextSync) -> dict:
    def read() -> list[str]:
        note = call("notes.get", id=ctx.event.data["entityId"])
        return re.findall(r"^- \[ \] (.+)$", note["content"], re.MULTILINE)

    def make(index: int, title: str) -> None:
        key = f"make-tasks:{ctx.event.id}:{index}"
        call("tasks.create", cause=ctx.event.id, title=title, idempotencyKey=key)
        print("made the task", json.dumps(title), flush=True)

    items = ctx.step.run("read the note", read)
    # Each is a step of its own: what was made is not made again, whatever happens.
    for index, title in enumerate(items):
        ctx.step.run(f"make task {index}", make, index, title)
    return {"made": len(items)}


app = flask.Flask(__name__)
inngest.flask.serve(app, client, [make_tasks])

if __name__ == "__main__":
    server = make_server("127.0.0.1", PORT, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    # The pod asks a worker to register, not the other way round: so we ask the pod to.
    asked = call("apps.sync", url=f"http://127.0.0.1:{PORT}/api/inngest")
    print(f"working for {URL}" if asked["isRegistered"] else f"not registered: {asked['problem']}", flush=True)
    serving.join()
