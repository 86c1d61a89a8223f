"""Keeps the checkpoints of graphs in a Synap pod."""

from __future__ import annotations

import base64
import builtins
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    SerializerProtocol,
    get_checkpoint_id,
    get_checkpoint_metadata,
)

from synap_langgraph.pod import Pod

# Checkpoints that one request asks for, where a list has no smaller limit.
_PAGE = 20
# Of threads and runs that one request names.
_NAMES = 100
_LABEL_MAX = 1024


class SynapSaver(BaseCheckpointSaver[str]):
    """A checkpointer on a pod: a graph that is called again after a crash goes on where it was.

    Values are kept once a version, so a step costs what it changed.

        graph = builder.compile(checkpointer=SynapSaver(Pod(url, key)))
    """

    def __init__(self, pod: Pod, *, serde: SerializerProtocol | None = None) -> None:
        super().__init__(serde=serde)
        self.pod = pod

    # What is asked of the pod, for both ways of calling it.

    def _typed(self, value: Any) -> dict[str, str]:
        kind, data = self.serde.dumps_typed(value)
        return {"type": kind, "bytes": base64.urlsafe_b64encode(data).rstrip(b"=").decode()}

    def _untyped(self, value: dict[str, str]) -> Any:
        text = value["bytes"]
        return self.serde.loads_typed((value["type"], base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))

    def _tuple(self, stored: dict[str, Any]) -> CheckpointTuple:
        def place(checkpoint_id: str) -> RunnableConfig:
            return {
                "configurable": {
                    "thread_id": stored["threadId"],
                    "checkpoint_ns": stored["checkpointNs"],
                    "checkpoint_id": checkpoint_id,
                }
            }

        checkpoint = self._untyped(stored["checkpoint"])
        checkpoint["channel_values"] = {value["channel"]: self._untyped(value) for value in stored["values"]}
        parent = stored.get("parentCheckpointId")
        return CheckpointTuple(
            config=place(stored["checkpointId"]),
            checkpoint=checkpoint,
            metadata=self._untyped(stored["metadata"]),
            parent_config=place(parent) if parent else None,
            pending_writes=[
                (write["taskId"], write["channel"], self._untyped(write)) for write in stored["pendingWrites"]
            ],
        )

    @staticmethod
    def _asked(config: RunnableConfig) -> dict[str, Any]:
        configurable = config["configurable"]
        return {
            "threadId": str(configurable["thread_id"]),
            "checkpointNs": configurable.get("checkpoint_ns", ""),
            "checkpointId": get_checkpoint_id(config) or None,
        }

    def _put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> tuple[dict[str, Any], RunnableConfig]:
        configurable = config["configurable"]
        rest: dict[str, Any] = dict(checkpoint)
        state = rest.pop("channel_values")
        whole: dict[str, Any] = dict(get_checkpoint_metadata(config, metadata))
        place = {
            "thread_id": str(configurable["thread_id"]),
            "checkpoint_ns": configurable.get("checkpoint_ns", ""),
            "checkpoint_id": checkpoint["id"],
        }
        run_id = whole.get("run_id")
        return {
            "threadId": place["thread_id"],
            "checkpointNs": place["checkpoint_ns"],
            "checkpointId": place["checkpoint_id"],
            "parentCheckpointId": configurable.get("checkpoint_id") or None,
            "runId": str(run_id) if run_id else None,
            "checkpoint": self._typed(rest),
            "metadata": self._typed(whole),
            "labels": {key: value for key, value in whole.items() if _is_label(value)},
            "versions": {channel: str(version) for channel, version in checkpoint["channel_versions"].items()},
            # A channel without a value is empty in this version.
            "values": [
                {"channel": channel, "version": str(version), **self._typed(state[channel])}
                for channel, version in new_versions.items()
                if channel in state
            ],
            "deltaChannels": builtins.list(whole.get("counters_since_delta_snapshot") or {}),
        }, {"configurable": place}

    def _writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> dict[str, Any]:
        return {
            **self._asked(config),
            "checkpointId": config["configurable"]["checkpoint_id"],
            "taskId": task_id,
            "taskPath": task_path,
            "writes": [
                {"index": WRITES_IDX_MAP.get(channel, index), "channel": channel, **self._typed(value)}
                for index, (channel, value) in enumerate(writes)
            ],
        }

    # One at a time.

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        found = self.pod.call("checkpoints.get", **self._asked(config))
        return self._tuple(found["checkpoint"]) if "checkpoint" in found else None

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        pages = _Pages(config, filter, before, limit)
        while (asked := pages.next()) is not None:
            page = self.pod.call("checkpoints.list", **asked)
            yield from pages.take(page, [self._tuple(one) for one in page["checkpoints"]])

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        asked, stored = self._put(config, checkpoint, metadata, new_versions)
        self.pod.call("checkpoints.put", **asked)
        return stored

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        self.pod.call("checkpoints.putWrites", **self._writes(config, writes, task_id, task_path))

    def delete_thread(self, thread_id: str) -> None:
        self.pod.call("checkpoints.deleteThread", threadId=str(thread_id))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        for names in _slices(run_ids):
            self.pod.call("checkpoints.deleteRuns", runIds=names)

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        self.pod.call(
            "checkpoints.copyThread", sourceThreadId=str(source_thread_id), targetThreadId=str(target_thread_id)
        )

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        for names in _slices(thread_ids):
            self.pod.call("checkpoints.prune", threadIds=names, strategy=strategy)

    # The same, awaited.

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        found = await self.pod.acall("checkpoints.get", **self._asked(config))
        return self._tuple(found["checkpoint"]) if "checkpoint" in found else None

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        pages = _Pages(config, filter, before, limit)
        while (asked := pages.next()) is not None:
            page = await self.pod.acall("checkpoints.list", **asked)
            for one in pages.take(page, [self._tuple(one) for one in page["checkpoints"]]):
                yield one

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        asked, stored = self._put(config, checkpoint, metadata, new_versions)
        await self.pod.acall("checkpoints.put", **asked)
        return stored

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        await self.pod.acall("checkpoints.putWrites", **self._writes(config, writes, task_id, task_path))

    async def adelete_thread(self, thread_id: str) -> None:
        await self.pod.acall("checkpoints.deleteThread", threadId=str(thread_id))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        for names in _slices(run_ids):
            await self.pod.acall("checkpoints.deleteRuns", runIds=names)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        await self.pod.acall(
            "checkpoints.copyThread", sourceThreadId=str(source_thread_id), targetThreadId=str(target_thread_id)
        )

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        for names in _slices(thread_ids):
            await self.pod.acall("checkpoints.prune", threadIds=names, strategy=strategy)

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Never the same twice: two branches of one thread have versions of their own."""
        number = 0 if current is None else int(str(current).split(".")[0])
        return f"{number + 1:032}.{random.random():016}"


class _Pages:
    """What a list asks for, page by page, and how many of it are still wanted."""

    def __init__(
        self,
        config: RunnableConfig | None,
        filter: dict[str, Any] | None,
        before: RunnableConfig | None,
        limit: int | None,
    ) -> None:
        configurable = config["configurable"] if config else {}
        thread = configurable.get("thread_id")
        filter = filter or {}
        # The pod knows labels; what of a filter is none is compared here.
        self._rest = {key: value for key, value in filter.items() if not _is_label(value)}
        self._left = limit
        self._next: dict[str, Any] | None = {
            "threadId": None if thread is None else str(thread),
            "checkpointNs": configurable.get("checkpoint_ns"),
            "checkpointId": (get_checkpoint_id(config) if config else None) or None,
            "before": (get_checkpoint_id(before) if before else None) or None,
            "filter": {key: value for key, value in filter.items() if _is_label(value)},
        }

    def next(self) -> dict[str, Any] | None:
        if self._next is None or (self._left is not None and self._left <= 0):
            return None
        is_exact = self._left is not None and not self._rest
        return {**self._next, "limit": min(self._left, _PAGE) if is_exact else _PAGE}

    def take(self, page: dict[str, Any], tuples: list[CheckpointTuple]) -> Iterator[CheckpointTuple]:
        cursor = page.get("nextCursor")
        self._next = {**(self._next or {}), "cursor": cursor} if cursor else None
        for one in tuples:
            if self._left is not None and self._left <= 0:
                return
            if any(one.metadata.get(key) != value for key, value in self._rest.items()):
                continue
            if self._left is not None:
                self._left -= 1
            yield one


def _is_label(value: Any) -> bool:
    """Whether the pod can find checkpoints by it: a short value that is no object."""
    if isinstance(value, str):
        return len(value) <= _LABEL_MAX and not any("\ud800" <= one <= "\udfff" for one in value)
    if isinstance(value, (int, float)):
        # Others are no numbers of JSON's.
        return -(2**53) <= value <= 2**53
    return value is None


def _slices(names: Sequence[str]) -> Iterator[list[str]]:
    for at in range(0, len(names), _NAMES):
        yield [str(name) for name in names[at : at + _NAMES]]
