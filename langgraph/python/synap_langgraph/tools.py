"""Procedures of a pod as tools for a graph."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, ToolException

from synap_langgraph.marks import as_data
from synap_langgraph.pod import Pod, PodError

# What a model can do nothing about: who calls, and when.
_NOT_THE_MODELS = {401, 408, 429}
_CALL = "synap_tool_call_id"


def tools(pod: Pod, names: Iterable[str]) -> list[BaseTool]:
    """Procedures as tools: named notes_create for notes.create, with the schemas and sentences that the pod itself has for them.

    They may what the pod's key may; `metadata` of each says which procedure it is, which scope that wants, and what
    it does ("reads", "appends", "destroys"). What a model gets wrong, and what the pod refuses, is told to the model in a
    sentence. What a tool gives, or is refused with, stands between marks of data for the model (`DATA_RULE` says what
    they are); the answer itself is the message's `artifact`. A call that comes again, since its graph is called again after a crash, does nothing twice: its
    idempotency key follows from the thread and the model's call.

        node = ToolNode(tools(pod.caused_by(event_id), ["notes.create", "search.query"]))
    """
    return _tools(pod, names, pod.description())


async def atools(pod: Pod, names: Iterable[str]) -> list[BaseTool]:
    """The same, awaited."""
    return _tools(pod, names, await pod.adescription())


class ProcedureTool(BaseTool):
    """A tool that calls a procedure of a pod."""

    pod: Any
    procedure: str
    takes_key: bool

    def run(
        self,
        tool_input: str | dict[str, Any],
        *args: Any,
        config: RunnableConfig | None = None,
        tool_call_id: str | None = None,
        **more: Any,
    ) -> Any:
        config = _with_call(config, tool_call_id)
        return super().run(tool_input, *args, config=config, tool_call_id=tool_call_id, **more)

    async def arun(
        self,
        tool_input: str | dict[str, Any],
        *args: Any,
        config: RunnableConfig | None = None,
        tool_call_id: str | None = None,
        **more: Any,
    ) -> Any:
        config = _with_call(config, tool_call_id)
        return await super().arun(tool_input, *args, config=config, tool_call_id=tool_call_id, **more)

    def _run(self, /, *, config: RunnableConfig, **given: Any) -> tuple[str, Any]:
        try:
            return self._given(self.pod.call_with(self.procedure, {**given, **self._key(config)}))
        except PodError as error:
            raise self._told(error) from error

    async def _arun(self, /, *, config: RunnableConfig, **given: Any) -> tuple[str, Any]:
        try:
            return self._given(await self.pod.acall_with(self.procedure, {**given, **self._key(config)}))
        except PodError as error:
            raise self._told(error) from error

    def _given(self, answer: Any) -> tuple[str, Any]:
        return as_data(self.procedure, json.dumps(answer, ensure_ascii=False)), answer

    def _told(self, error: PodError) -> Exception:
        """What the pod says may quote what is stored."""
        is_refusal = 400 <= error.status < 500 and error.status not in _NOT_THE_MODELS
        return ToolException(as_data(self.procedure, str(error))) if is_refusal else error

    def _key(self, config: RunnableConfig) -> dict[str, str]:
        at = config.get("configurable", {})
        thread, call = at.get("thread_id"), at.get(_CALL)
        if not self.takes_key or thread is None or call is None:
            return {}
        digest = hashlib.sha256(f"{thread}\n{self.procedure}\n{call}".encode()).digest()
        return {"idempotencyKey": base64.urlsafe_b64encode(digest).rstrip(b"=").decode()}


def _tools(pod: Pod, names: Iterable[str], document: dict[str, Any]) -> list[BaseTool]:
    return [_tool(pod, name, document) for name in names]


def _tool(pod: Pod, name: str, document: dict[str, Any]) -> BaseTool:
    path = document["paths"].get(f"/api/{name}")
    if path is None:
        raise ValueError(f"The pod has no procedure {name}")
    operation = path.get("post", {})
    if operation.get("x-synap-kind") not in ("query", "mutation"):
        raise ValueError(f"{name} is a stream: it has no end that a tool could answer with")
    given = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    schema: dict[str, Any] = {"type": "object", **_inlined(given, document)}
    properties = dict(schema.get("properties", {}))
    # A key is ours to give, not the model's.
    takes_key = properties.pop("idempotencyKey", None) is not None
    return ProcedureTool(
        name=name.replace(".", "_"),
        description=" ".join(filter(None, (operation.get("summary"), operation.get("description")))),
        args_schema={**schema, "properties": properties},
        metadata={
            "procedure": name,
            "scope": operation.get("x-synap-scope"),
            "effects": operation.get("x-synap-effects"),
        },
        handle_tool_error=True,
        response_format="content_and_artifact",
        pod=pod,
        procedure=name,
        takes_key=takes_key,
    )


def _inlined(schema: Any, document: dict[str, Any]) -> Any:
    """Models are given one schema, which refers to nothing."""
    if isinstance(schema, list):
        return [_inlined(one, document) for one in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target = document["components"]["schemas"].get(reference.rpartition("/")[2], {})
        return {**_inlined(target, document), **rest}
    return {key: _inlined(value, document) for key, value in rest.items()}


def _with_call(config: RunnableConfig | None, call: str | None) -> RunnableConfig:
    """A tool is told of the config, and only of what is in it."""
    known: RunnableConfig = config if config is not None else {}
    return {**known, "configurable": {**known.get("configurable", {}), _CALL: call}}
