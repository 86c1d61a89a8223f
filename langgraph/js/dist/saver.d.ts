import { BaseCheckpointSaver, type ChannelVersions, type Checkpoint, type CheckpointListOptions, type CheckpointMetadata, type CheckpointTuple, type PendingWrite, type SerializerProtocol } from '@langchain/langgraph-checkpoint';
import type { RunnableConfig } from '@langchain/core/runnables';
import type { SynapClient } from '@synap/client';
/**
 * Keeps the checkpoints of graphs in a Synap pod: a graph that is called again after a crash goes on
 * where it was. Values are kept once a version, so a step costs what it changed.
 *
 *     const graph = builder.compile({ checkpointer: new SynapSaver(createSynapClient({ url, key })) });
 */
export declare class SynapSaver extends BaseCheckpointSaver {
    #private;
    constructor(client: SynapClient, serde?: SerializerProtocol);
    getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined>;
    list(config: RunnableConfig, options?: CheckpointListOptions): AsyncGenerator<CheckpointTuple>;
    put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, newVersions: ChannelVersions): Promise<RunnableConfig>;
    putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath?: string): Promise<void>;
    deleteThread(threadId: string): Promise<void>;
    /** Copies all checkpoints of a thread, with their writes, to another one. */
    copyThread(sourceThreadId: string, targetThreadId: string): Promise<void>;
    /** Deletes the checkpoints that runs with these ids (`run_id` of their config) have stored. */
    deleteForRuns(runIds: string[]): Promise<void>;
    /** `keep_latest`: the newest checkpoint of each namespace stays. `delete`: none does. */
    prune(threadIds: string[], strategy?: 'keep_latest' | 'delete'): Promise<void>;
    /**
     * A count, with something random behind it: two branches of a thread count alike, and would have each
     * other's values under the same version.
     */
    getNextVersion(current: number | undefined): number;
}
