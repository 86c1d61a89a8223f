"""The pod's procedures, over its REST form (docs/rest.md)."""

from __future__ import annotations

from typing import Any

import httpx


class PodError(Exception):
    """The pod has refused a call: its own sentence, and the code by which programs know it."""

    def __init__(self, procedure: str, code: str, detail: str, details: Any = None) -> None:
        super().__init__(f"{procedure}: {detail}")
        self.procedure = procedure
        self.code = code
        self.detail = detail
        self.details = details


class Pod:
    """A pod and a key for it. Calls of threads and of coroutines may go on side by side.

    It keeps connections: close it, or use it as a context (`with`, `async with`).
    """

    def __init__(self, url: str, key: str, *, timeout: float = 60) -> None:
        self._options: dict[str, Any] = {
            "base_url": url.rstrip("/") + "/api/",
            "headers": {"authorization": f"Bearer {key}", "synap-unknown-keys": "refuse"},
            "timeout": timeout,
        }
        self._sync: httpx.Client | None = None
        self._async: httpx.AsyncClient | None = None

    def call(self, procedure: str, **given: Any) -> Any:
        if self._sync is None:
            self._sync = httpx.Client(**self._options)
        return _answer(procedure, self._sync.post(procedure, json=_given(given)))

    async def acall(self, procedure: str, **given: Any) -> Any:
        if self._async is None:
            self._async = httpx.AsyncClient(**self._options)
        return _answer(procedure, await self._async.post(procedure, json=_given(given)))

    def close(self) -> None:
        if self._sync is not None:
            self._sync.close()
            self._sync = None

    async def aclose(self) -> None:
        self.close()
        if self._async is not None:
            await self._async.aclose()
            self._async = None

    def __enter__(self) -> Pod:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Pod:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


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
    raise PodError(procedure, code, detail, problem.get("details"))
