"""An app with the official SDK for Python: one function for each kind of step."""

import datetime
import os
import sys

import flask
import inngest
import inngest.flask
from werkzeug.serving import make_server

url, port = sys.argv[1], int(sys.argv[2])
client = inngest.Inngest(
    app_id="py", api_base_url=url, event_api_base_url=url, is_production="INNGEST_SIGNING_KEY" in os.environ
)
seen: dict[str, int] = {}


def count(name: str) -> int:
    seen[name] = seen.get(name, 0) + 1
    return seen[name]


def function(fn_id: str, **more: object):
    return client.create_function(fn_id=fn_id, trigger=inngest.TriggerEvent(event=f"py/{fn_id}"), **more)


@function("serial")
def serial(ctx: inngest.ContextSync) -> dict:
    a = ctx.step.run("a", lambda: count("a"))
    ctx.step.sleep("z", datetime.timedelta(seconds=1))
    b = ctx.step.run("b", lambda: {"data": count("b")})
    again = ctx.step.run("b", lambda: count("b"))
    return {"a": a, "b": b, "again": again, "seen": ctx.event.data["n"]}


@function("wait")
def wait(ctx: inngest.ContextSync) -> dict:
    got = ctx.step.wait_for_event(
        "w", event="py/resume", if_exp="event.data.id == async.data.id", timeout=datetime.timedelta(hours=1)
    )
    none = ctx.step.wait_for_event("v", event="py/never", timeout=datetime.timedelta(seconds=1))
    return {"got": got.data if got else None, "none": none}


@function("twice")
def twice(ctx: inngest.ContextSync) -> int:
    return 2 * ctx.event.data["n"]


@function("fails", retries=0)
def fails(ctx: inngest.ContextSync) -> None:
    raise inngest.NonRetriableError("nope")


@function("invoke")
def invoke(ctx: inngest.ContextSync) -> dict:
    n = ctx.step.invoke("i", function=twice, data={"n": 21})
    try:
        ctx.step.invoke("j", function=fails)
    except inngest.StepError as error:
        return {"n": n, "error": error.message}
    return {"n": n}


@function("send")
def send(ctx: inngest.ContextSync) -> list[str]:
    return ctx.step.send_event("s", inngest.Event(name="py/sent", data={"n": 7}))


@function("sent")
def sent(ctx: inngest.ContextSync) -> int:
    return ctx.event.data["n"]


@function("flaky")
def flaky(ctx: inngest.ContextSync) -> int:
    def step() -> int:
        if count("flaky") < 3:
            raise ValueError("boom")
        return seen["flaky"]

    return ctx.step.run("f", step)


@function("parallel")
def parallel(ctx: inngest.ContextSync) -> dict:
    a, b = ctx.group.parallel(
        (lambda: ctx.step.run("a", lambda: count("pa")), lambda: ctx.step.run("b", lambda: count("pb")))
    )
    return {"a": a, "b": b}


app = flask.Flask(__name__)
inngest.flask.serve(app, client, [serial, wait, twice, fails, invoke, send, sent, flaky, parallel])
make_server("127.0.0.1", port, app, threaded=True).serve_forever()
