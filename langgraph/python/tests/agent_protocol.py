"""The Agent Protocol's store, called by the official langgraph-sdk.

    python agent_protocol.py URL KEY
"""

import asyncio
import sys

from langgraph_sdk import get_client
from langgraph_sdk.errors import AuthenticationError, BadRequestError, InternalServerError

URL, KEY = sys.argv[1:3]
MEMORIES = ["memories", "ann"]


async def refused(kind: type[Exception], call) -> str:
    try:
        await call
    except kind as error:
        return error.response.json()["detail"]
    raise AssertionError(f"no {kind.__name__}")


async def main() -> None:
    store = get_client(url=URL, api_key=KEY).store
    assert await store.get_item(MEMORIES, "tea") is None
    value = {"text": "green", "cups": 3, "in": {"deep": [1, None]}}
    await store.put_item(MEMORIES, "tea", value)
    item = await store.get_item(MEMORIES, "tea", refresh_ttl=True)
    assert {name: item[name] for name in ("namespace", "key", "value")} == {
        "namespace": MEMORIES, "key": "tea", "value": value}, item
    assert item["created_at"] == item["updated_at"]

    await store.put_item(MEMORIES, "a key & more", {"text": "black", "cups": 4}, index=False)
    assert (await store.get_item(MEMORIES, "a key & more"))["value"]["cups"] == 4
    await store.put_item(["memories", "bea"], "tea", {"text": "ünï", "cups": 9}, index=["text"])
    await store.put_item(["notes"], "one", {})

    async def keys(*args, **more):
        found = await store.search_items(*args, **more)
        return sorted((*one["namespace"], one["key"]) for one in found["items"])

    tea, more, bea = ("memories", "ann", "tea"), ("memories", "ann", "a key & more"), ("memories", "bea", "tea")
    assert await keys([]) == sorted([tea, more, bea, ("notes", "one")])
    assert await keys(["memories"]) == sorted([tea, more, bea])
    assert await keys(["memories"], filter={"cups": {"$gt": 3}}) == sorted([more, bea])
    assert await keys(["memories"], filter={"text": "green"}) == [tea]
    assert len(await keys(["memories"], limit=1)) == 1
    assert len(await keys(["memories"], limit=10, offset=2)) == 1
    for _ in range(100):  # the index of search is opened when the pod has begun, and follows a moment behind
        try:
            if await keys(["memories"], query="green") == [tea]:
                break
        except InternalServerError as error:
            assert "search index" in error.response.json()["detail"]
        await asyncio.sleep(0.1)
    found = (await store.search_items(["memories"], query="green"))["items"]
    assert [one["key"] for one in found] == ["tea"] and found[0]["score"] > 0, found

    listed = await store.list_namespaces()
    assert listed == {"namespaces": [MEMORIES, ["memories", "bea"], ["notes"]]}, listed
    assert await store.list_namespaces(prefix=["memories"], max_depth=1) == {"namespaces": [["memories"]]}
    assert await store.list_namespaces(suffix=["bea"]) == {"namespaces": [["memories", "bea"]]}

    await store.delete_item(MEMORIES, "tea")
    await store.delete_item(MEMORIES, "tea")
    assert await store.get_item(MEMORIES, "tea") is None

    assert "ttl" in await refused(BadRequestError, store.put_item(MEMORIES, "tea", value, ttl=5))
    assert "limit" in await refused(BadRequestError, store.search_items([], limit=1_000_000))
    stranger = get_client(url=URL, api_key="synap_none").store
    assert "key" in await refused(AuthenticationError, stranger.get_item(MEMORIES, "tea"))
    print("all was as it should be")


asyncio.run(main())
