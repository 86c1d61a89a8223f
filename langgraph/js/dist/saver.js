import { BaseCheckpointSaver, getCheckpointId, maxChannelVersion, TASKS, WRITES_IDX_MAP, } from '@langchain/langgraph-checkpoint';
import { isSame, scalarsOf, typed, untyped } from './values.js';
// Checkpoints that one request asks for, where a list has no smaller limit.
const PAGE = 20;
// Leaves 2^27 versions of a channel, in whole numbers of JavaScript.
const RANDOM = 2 ** 26;
/**
 * Keeps the checkpoints of graphs in a Synap pod: a graph that is called again after a crash goes on
 * where it was. Values are kept once a version, so a step costs what it changed.
 *
 *     const graph = builder.compile({ checkpointer: new SynapSaver(createSynapClient({ url, key })) });
 */
export class SynapSaver extends BaseCheckpointSaver {
    #client;
    constructor(client, serde) {
        super(serde);
        this.#client = client;
    }
    async getTuple(config) {
        const { thread_id: threadId, checkpoint_ns: checkpointNs = '' } = config.configurable ?? {};
        if (threadId === undefined)
            return undefined;
        const checkpointId = getCheckpointId(config);
        const { checkpoint } = await this.#client.checkpoints.get.query({
            threadId,
            checkpointNs,
            ...(checkpointId !== '' && { checkpointId }),
        });
        return checkpoint && this.#tupleOf(checkpoint);
    }
    async *list(config, options = {}) {
        const { before, filter = {} } = options;
        const { thread_id: threadId, checkpoint_ns: checkpointNs } = config.configurable ?? {};
        const checkpointId = config.configurable?.checkpoint_id;
        const beforeId = before && getCheckpointId(before);
        // The pod knows labels; what of a filter is none is compared here.
        const labels = scalarsOf(filter);
        const rest = Object.entries(filter).filter(([key]) => !(key in labels));
        let left = options.limit ?? Infinity;
        let cursor;
        while (left > 0) {
            const page = await this.#client.checkpoints.list.query({
                ...(threadId !== undefined && { threadId }),
                ...(checkpointNs !== undefined && { checkpointNs }),
                ...(checkpointId && { checkpointId }),
                ...(beforeId && { before: beforeId }),
                filter: labels,
                limit: rest.length === 0 ? Math.min(left, PAGE) : PAGE,
                ...(cursor !== undefined && { cursor }),
            });
            for (const stored of page.checkpoints) {
                const tuple = await this.#tupleOf(stored);
                const metadata = { ...tuple.metadata };
                if (!rest.every(([key, value]) => isSame(metadata[key], value)))
                    continue;
                yield tuple;
                if (--left <= 0)
                    return;
            }
            cursor = page.nextCursor;
            if (cursor === undefined)
                return;
        }
    }
    async put(config, checkpoint, metadata, newVersions) {
        const threadId = threadOf(config, 'checkpoint');
        const { checkpoint_ns: checkpointNs = '', checkpoint_id: parentCheckpointId } = config.configurable ?? {};
        const { channel_values: state, ...rest } = checkpoint;
        const values = await Promise.all(
        // A channel without a value is empty in this version.
        Object.entries(newVersions).filter(([channel]) => Object.hasOwn(state, channel)).map(async ([channel, version]) => ({
            channel,
            version: String(version),
            ...(await typed(this.serde, state[channel])),
        })));
        const labels = { ...metadata };
        const runId = config.configurable?.run_id ?? config.metadata?.run_id ?? labels.run_id;
        const deltas = labels.counters_since_delta_snapshot;
        await this.#client.checkpoints.put.mutate({
            threadId,
            checkpointNs,
            checkpointId: checkpoint.id,
            ...(parentCheckpointId && { parentCheckpointId }),
            ...(typeof runId === 'string' && runId !== '' && { runId }),
            checkpoint: await typed(this.serde, rest),
            metadata: await typed(this.serde, metadata),
            labels: scalarsOf(labels),
            versions: Object.fromEntries(Object.entries(checkpoint.channel_versions).map(([channel, version]) => [channel, String(version)])),
            values,
            deltaChannels: typeof deltas === 'object' && deltas !== null ? Object.keys(deltas) : [],
        });
        return { configurable: { thread_id: threadId, checkpoint_ns: checkpointNs, checkpoint_id: checkpoint.id } };
    }
    async putWrites(config, writes, taskId, taskPath = '') {
        const threadId = threadOf(config, 'writes');
        const { checkpoint_ns: checkpointNs = '', checkpoint_id: checkpointId } = config.configurable ?? {};
        if (checkpointId === undefined) {
            throw new Error('Writes belong to a checkpoint: the config has no "checkpoint_id" in "configurable"');
        }
        await this.#client.checkpoints.putWrites.mutate({
            threadId,
            checkpointNs,
            checkpointId,
            taskId,
            taskPath,
            writes: await Promise.all(writes.map(async ([channel, value], index) => ({
                index: WRITES_IDX_MAP[channel] ?? index,
                channel,
                ...(await typed(this.serde, value)),
            }))),
        });
    }
    async deleteThread(threadId) {
        await this.#client.checkpoints.deleteThread.mutate({ threadId });
    }
    /** Copies all checkpoints of a thread, with their writes, to another one. */
    async copyThread(sourceThreadId, targetThreadId) {
        await this.#client.checkpoints.copyThread.mutate({ sourceThreadId, targetThreadId });
    }
    /** Deletes the checkpoints that runs with these ids (`run_id` of their config) have stored. */
    async deleteForRuns(runIds) {
        for (let at = 0; at < runIds.length; at += 100) {
            await this.#client.checkpoints.deleteRuns.mutate({ runIds: runIds.slice(at, at + 100) });
        }
    }
    /** `keep_latest`: the newest checkpoint of each namespace stays. `delete`: none does. */
    async prune(threadIds, strategy = 'keep_latest') {
        for (let at = 0; at < threadIds.length; at += 100) {
            await this.#client.checkpoints.prune.mutate({ threadIds: threadIds.slice(at, at + 100), strategy });
        }
    }
    /**
     * A count, with something random behind it: two branches of a thread count alike, and would have each
     * other's values under the same version.
     */
    getNextVersion(current) {
        const count = Math.floor((current ?? 0) / RANDOM) + 1;
        return count * RANDOM + Math.floor(Math.random() * RANDOM);
    }
    async #tupleOf(stored) {
        const { threadId, checkpointNs, checkpointId, parentCheckpointId } = stored;
        const place = (id) => ({
            configurable: { thread_id: threadId, checkpoint_ns: checkpointNs, checkpoint_id: id },
        });
        const checkpoint = await untyped(this.serde, stored.checkpoint);
        checkpoint.channel_values = {};
        for (const value of stored.values) {
            checkpoint.channel_values[value.channel] = await untyped(this.serde, value);
        }
        if (checkpoint.v < 4 && parentCheckpointId !== undefined) {
            await this.#takeOverSends(checkpoint, place(parentCheckpointId));
        }
        return {
            config: place(checkpointId),
            checkpoint,
            metadata: await untyped(this.serde, stored.metadata),
            pendingWrites: await Promise.all(stored.pendingWrites.map(async ({ taskId, channel, ...value }) => [
                taskId,
                channel,
                await untyped(this.serde, value),
            ])),
            ...(parentCheckpointId !== undefined && { parentConfig: place(parentCheckpointId) }),
        };
    }
    // Before version 4 of checkpoints a node was sent to by writes of the one before.
    async #takeOverSends(checkpoint, parent) {
        const writes = (await this.getTuple(parent))?.pendingWrites ?? [];
        checkpoint.channel_values[TASKS] = writes.filter(([, channel]) => channel === TASKS).map(([, , value]) => value);
        const versions = Object.values(checkpoint.channel_versions);
        checkpoint.channel_versions[TASKS] =
            versions.length > 0 ? maxChannelVersion(...versions) : this.getNextVersion(undefined);
    }
}
function threadOf(config, what) {
    const id = config.configurable?.thread_id;
    if (typeof id !== 'string' || id === '') {
        throw new Error(`The ${what} of a graph are stored in a thread: the config has no "thread_id" in "configurable"`);
    }
    return id;
}
