"""The pod's procedures, over its REST form (docs/rest.md)."""

from __future__ import annotations

import copy
from typing import Any

import httpx


class PodError(Exception):
    """The pod has refused a call: its own sentence, and the code by which programs know it."""

    def __init__(self, procedure: str, code: str, detail: str, details: Any = None, status: int = 0) -> None:
        super().__init__(f"{procedure}: {detail}")
        self.procedure = procedure
        self.code = code
        self.detail = detail
        self.details = details
        self.status = status
        """Of HTTP."""


class Pod:
    """A pod and a key for it. Calls of threads and of coroutines may go on side by side.

    It keeps connections: close it, or use it as a context (`with`, `async with`).
    """

    def __init__(self, url: str, key: str, *, timeout: float = 60) -> None:
        self._connections = _Connections(
            base_url=url.rstrip("/"),
            headers={"authorization": f"Bearer {key}", "synap-unknown-keys": "refuse"},
            timeout=timeout,
        )
        self._headers: dict[str, str] = {}

    def caused_by(self, event_id: str) -> Pod:
        """The same pod, by the same connections, called because of an event: what changes stands below it in the log's tree of causes."""
        pod = copy.copy(self)
        pod._headers = {"synap-caused-by": event_id}
        return pod

    def call(self, procedure: str, /, **given: Any) -> Any:
        """What is None is not given."""
        return self.call_with(procedure, _given(given))

    async def acall(self, procedure: str, /, **given: Any) -> Any:
        return await self.acall_with(procedure, _given(given))

    def call_with(self, procedure: str, given: dict[str, Any]) -> Any:
        """With an input as it is: None is null."""
        client = self._connections.sync()
        return _answer(procedure, client.post(f"/api/{procedure}", json=given, headers=self._headers))

    async def acall_with(self, procedure: str, given: dict[str, Any]) -> Any:
        client = self._connections.awaited()
        return _answer(procedure, await client.post(f"/api/{procedure}", json=given, headers=self._headers))

    def description(self) -> dict[str, Any]:
        """What the pod says of its procedures: its OpenAPI document."""
        return _answer("openapi.json", self._connections.sync().get("/openapi.json"))

    async def adescription(self) -> dict[str, Any]:
        return _answer("openapi.json", await self._connections.awaited().get("/openapi.json"))

    def close(self) -> None:
        self._connections.close()

    async def aclose(self) -> None:
        await self._connections.aclose()

    def __enter__(self) -> Pod:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Pod:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class _Connections:
    """Made when they are wanted first."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._sync: httpx.Client | None = None
        self._async: httpx.AsyncClient | None = None

    def sync(self) -> httpx.Client:
        if self._sync is None:
            self._sync = httpx.Client(**self._options)
        return self._sync

    def awaited(self) -> httpx.AsyncClient:
        if self._async is None:
            self._async = httpx.AsyncClient(**self._options)
        return self._async

    def close(self) -> None:
        if self._sync is not None:
            self._sync.close()
            self._sync = None

    async def aclose(self) -> None:
        self.close()
        if self._async is not None:
            await self._async.aclose()
            self._async = None


def _given(given: dict[str, Any]) -> dict[str, Any]:
    """What was given: what is None was not."""
    return {name: value for name, value in given.items() if value is not None}


def _answer(procedure: str, response: httpx.Response) -> Any:
    if response.is_success:
        return response.json() if response.content else None
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    code = problem.get("code", f"HTTP_{response.status_code}")
    detail = problem.get("detail", f"the pod answered {response.status_code}")
    raise PodError(procedure, code, detail, problem.get("details"), response.status_code)
