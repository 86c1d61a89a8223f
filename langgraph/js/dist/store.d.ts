import { BaseStore, type Item, type Operation, type OperationResults } from '@langchain/langgraph-checkpoint';
import type { SynapClient } from '@synap/client';
/** An item with the version that it has in the pod. */
export interface SynapItem extends Item {
    version: number;
}
/**
 * Keeps what graphs remember beyond their threads in a Synap pod: each change is an event, a query
 * is answered by the pod's own search, and whoever has read a version can write on that one alone.
 *
 *     const graph = builder.compile({ store: new SynapStore(createSynapClient({ url, key })) });
 */
export declare class SynapStore extends BaseStore {
    #private;
    constructor(client: SynapClient);
    /**
     * Reads see what was there before the batch, and of several puts of one name the last one counts,
     * as LangGraph's own stores have it.
     */
    batch<Op extends readonly Operation[]>(operations: Op): Promise<OperationResults<Op>>;
    get(namespace: string[], key: string): Promise<SynapItem | null>;
    /**
     * Puts an item if it has this version (`item.version`), or is not there (0), and gives its new
     * one. Otherwise the client's error says CONFLICT, and details.actualVersion.
     */
    putIfVersion(namespace: string[], key: string, value: Record<string, unknown>, expectedVersion: number, index?: false | string[]): Promise<number>;
}
