"""An app with the official SDK for Python: one function for each kind of step, of error and of limit.

app.py URL PORT       serves on a port
app.py URL connect    opens a WebSocket to the pod
"""

import asyncio
import datetime
import os
import sys
import threading
import time

import flask
import inngest
import inngest.flask
from inngest.connect import connect
from inngest.experimental.ai import openai
from inngest.experimental.realtime import publish_sync
from werkzeug.serving import make_server

url, where = sys.argv[1], sys.argv[2]
client = inngest.Inngest(
    app_id="py", api_base_url=url, event_api_base_url=url, is_production="INNGEST_SIGNING_KEY" in os.environ
)
functions: list[inngest.Function] = []
seen: dict[str, int] = {}
lock = threading.Lock()
SECOND = datetime.timedelta(seconds=1)
MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)


def count(name: str, by: int = 1) -> int:
    with lock:
        seen[name] = seen.get(name, 0) + by
        return seen[name]


def function(fn_id: str, **more: object):
    trigger = more.pop("trigger", inngest.TriggerEvent(event=f"py/{fn_id}"))
    create = client.create_function(fn_id=fn_id, trigger=trigger, **more)

    def add(handler):
        functions.append(create(handler))
        return functions[-1]

    return add


@function("serial")
def serial(ctx: inngest.ContextSync) -> dict:
    a = ctx.step.run("a", lambda: count("a"))
    ctx.step.sleep("z", SECOND)
    b = ctx.step.run("b", lambda: {"data": count("b")})
    again = ctx.step.run("b", lambda: count("b"))
    return {"a": a, "b": b, "again": again, "seen": ctx.event.data["n"]}


@function("until")
def until(ctx: inngest.ContextSync) -> int:
    begun = datetime.datetime.fromtimestamp(ctx.event.ts / 1000, datetime.timezone.utc)
    ctx.step.sleep_until("z", begun + SECOND)
    return int(time.time() * 1000) - ctx.event.ts


@function("wait")
def wait(ctx: inngest.ContextSync) -> dict:
    got = ctx.step.wait_for_event(
        "w", event="py/resume", if_exp="event.data.id == async.data.id", timeout=HOUR
    )
    none = ctx.step.wait_for_event("v", event="py/never", timeout=SECOND)
    return {"got": got.data if got else None, "none": none}


@function("twice")
def twice(ctx: inngest.ContextSync) -> int:
    return 2 * ctx.event.data["n"]


@function("fails", retries=0)
def fails(ctx: inngest.ContextSync) -> None:
    raise inngest.NonRetriableError("nope")


@function("asleep", cancel=[inngest.Cancel(event="py/stop", if_exp="event.data.id == async.data.id")])
def asleep(ctx: inngest.ContextSync) -> None:
    ctx.step.sleep("z", HOUR)


@function("invoke")
def invoke(ctx: inngest.ContextSync) -> dict:
    def told(step_id: str, function_id: str, timeout: datetime.timedelta = HOUR) -> str | None:
        try:
            ctx.step.invoke_by_id(step_id, function_id=function_id, timeout=timeout)
        except inngest.StepError as error:
            return error.message
        return None

    n = ctx.step.invoke("i", function=twice, data={"n": 21})
    failed, missing, late = told("j", "fails"), told("k", "none"), told("l", "asleep", SECOND)
    return {"n": n, "failed": failed, "missing": missing, "late": late}


@function("send")
def send(ctx: inngest.ContextSync) -> list[str]:
    one = ctx.step.send_event("s", inngest.Event(name="py/sent", data={"n": 7}))
    return one + ctx.step.send_event("m", [inngest.Event(name="py/batch", data={"n": n}) for n in (1, 2)])


@function("sent")
def sent(ctx: inngest.ContextSync) -> int:
    return ctx.event.data["n"]


@function("parallel")
def parallel(ctx: inngest.ContextSync) -> dict:
    a, b, _, twice_2 = ctx.group.parallel(
        (
            lambda: ctx.step.run("a", lambda: count("pa")),
            lambda: ctx.step.run("b", lambda: count("pb")),
            lambda: ctx.step.sleep("z", SECOND),
            lambda: ctx.step.invoke("i", function=twice, data={"n": 2}),
        )
    )
    return {"a": a, "b": b, "twice": twice_2, "after": ctx.step.run("c", lambda: count("pc"))}


@function("infer")
def infer(ctx: inngest.ContextSync) -> dict:
    adapter = openai.Adapter(auth_key="secret", base_url=os.environ["OTHER"], model="m")
    return ctx.step.ai.infer("ask", adapter=adapter, body={"messages": [{"role": "user", "content": "hi"}]})


@function("publish")
def publish(ctx: inngest.ContextSync) -> str:
    def step() -> str:
        publish_sync(client, "py", "news", {"n": 1})
        return "said"

    return ctx.step.run("p", step)


# What fails.


@function("flaky")
def flaky(ctx: inngest.ContextSync) -> int:
    def step() -> int:
        if count("flaky") < 3:
            raise ValueError("boom")
        return seen["flaky"]

    return ctx.step.run("f", step)


@function("caught", retries=1)
def caught(ctx: inngest.ContextSync) -> dict:
    def step() -> None:
        count("caught")
        raise ValueError("boom")

    try:
        ctx.step.run("f", step)
    except inngest.StepError as error:
        return {"name": error.name, "error": error.message, "tries": ctx.step.run("t", lambda: seen["caught"])}
    return {}


def told_failure(ctx: inngest.ContextSync) -> dict:
    data = ctx.event.data
    error, event = data["error"], data["event"]
    tries = seen[event["name"]]
    return {"error": error["message"], "function": data["function_id"], "event": event["data"], "tries": tries}


@function("uncaught", retries=1, on_failure=told_failure)
def uncaught(ctx: inngest.ContextSync) -> None:
    def step() -> None:
        count(ctx.event.name)
        raise IndexError("out of range")

    ctx.step.run("f", step)


@function("final", on_failure=told_failure)
def final(ctx: inngest.ContextSync) -> None:
    def step() -> None:
        count(ctx.event.name)
        raise inngest.NonRetriableError("never")

    ctx.step.run("f", step)


@function("again")
def again(ctx: inngest.ContextSync) -> int:
    if ctx.attempt == 0:
        raise ValueError("not yet")
    return ctx.attempt


@function("retry-after")
def retry_after(ctx: inngest.ContextSync) -> int:
    def step() -> int:
        if count("retry-after") == 1:
            raise inngest.RetryAfterError("busy", 3 * SECOND)
        return int(time.time() * 1000)

    begun = ctx.step.run("first", lambda: int(time.time() * 1000))
    return ctx.step.run("f", step) - begun


# When runs begin, and whether they do.


def of_id(kind: type, **more: object):
    return kind(key="event.data.id", **more)


def result(ctx: inngest.ContextSync) -> int:
    return ctx.event.data["n"]


def first_waits(ctx: inngest.ContextSync) -> int:
    if ctx.event.data["n"] == 1:
        ctx.step.wait_for_event("w", event=f"{ctx.event.name}/on", timeout=HOUR)
    return ctx.event.data["n"]


function("rated", rate_limit=of_id(inngest.RateLimit, limit=1, period=MINUTE))(result)
function("idempotent", idempotency="event.data.id")(result)
function("debounced", debounce=of_id(inngest.Debounce, period=SECOND))(result)
function("single", singleton=of_id(inngest.Singleton, mode="skip"))(first_waits)
function("newest", singleton=of_id(inngest.Singleton, mode="cancel"))(first_waits)


@function("batch", batch_events=inngest.Batch(max_size=2, timeout=MINUTE))
def batch(ctx: inngest.ContextSync) -> list[int]:
    return [event.data["n"] for event in ctx.events]


@function("throttled", throttle=inngest.Throttle(limit=1, period=SECOND, burst=0))
def throttled(ctx: inngest.ContextSync) -> int:
    return int(time.time() * 1000)


@function("narrow", concurrency=[of_id(inngest.Concurrency, limit=1, scope="fn")])
def narrow(ctx: inngest.ContextSync) -> int:
    at_once = count(f"narrow {ctx.event.data['id']}")
    time.sleep(0.3)
    count(f"narrow {ctx.event.data['id']}", -1)
    return at_once


may_go = threading.Event()


@function("ranked", concurrency=[inngest.Concurrency(limit=1)], priority=inngest.Priority(run="event.data.rank"))
def ranked(ctx: inngest.ContextSync) -> dict:
    if ctx.event.data["rank"] == 0:
        print("ranked is at work", flush=True)
        may_go.wait(60)
    return {"rank": ctx.event.data["rank"], "at": count("ranked")}


@function("go")
def go(ctx: inngest.ContextSync) -> None:
    may_go.set()


@function("hasty", timeouts=inngest.Timeouts(finish=SECOND))
def hasty(ctx: inngest.ContextSync) -> None:
    ctx.step.sleep("z", HOUR)


@function("tick", trigger=[inngest.TriggerCron(cron="@every 1s"), inngest.TriggerEvent(event="py/tick")])
def tick(ctx: inngest.ContextSync) -> str:
    return ctx.event.name


# What stands between the pod and a function.


class Touching(inngest.MiddlewareSync):
    def transform_input(self, ctx, function, steps) -> None:
        ctx.event.data = {**ctx.event.data, "touched": True}

    def before_send_events(self, events) -> None:
        for event in events:
            event.data = {**event.data, "by": "middleware"}

    def transform_output(self, result) -> None:
        if result.step is not None and result.has_output():
            result.output = {"step": result.output}
        elif result.step is None:
            result.output = {"all": result.output}


@function("touched", middleware=[Touching])
def touched(ctx: inngest.ContextSync) -> dict:
    step = ctx.step.run("a", lambda: 1)
    ctx.step.send_event("s", inngest.Event(name="py/marked", data={"n": 1}))
    return {"touched": ctx.event.data["touched"], "a": step}


@function("marked")
def marked(ctx: inngest.ContextSync) -> dict:
    return dict(ctx.event.data)


async def connected() -> None:
    """Over a WebSocket there are functions that are coroutines, too."""

    async def counted(name: str) -> int:
        return count(name)

    @function("coroutine")
    async def coroutine(ctx: inngest.Context) -> dict:
        a = await ctx.step.run("a", counted, "ca")
        await ctx.step.sleep("z", SECOND)
        b, c = await ctx.group.parallel(
            (lambda: ctx.step.run("b", counted, "cb"), lambda: ctx.step.run("c", counted, "cc"))
        )
        d = await ctx.step.invoke("d", function=twice, data={"n": 2})
        e = await ctx.step.wait_for_event("e", event="py/never", timeout=SECOND)
        return {"a": a, "b": b, "c": c, "d": d, "e": e}

    await connect([(client, functions)]).start()


if where == "connect":
    asyncio.run(connected())
else:
    app = flask.Flask(__name__)
    inngest.flask.serve(app, client, functions)
    make_server("127.0.0.1", int(where), app, threaded=True).serve_forever()
