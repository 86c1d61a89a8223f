import { type DynamicStructuredTool } from '@langchain/core/tools';
import type { SynapClient } from '@synap/client';
export interface ToolsOptions {
    /** What the tools act by: they may what its key may. `client.causedBy(event)` says because of what. */
    client: Pick<SynapClient, 'notes'>;
    /** Of the pod, whose own description of its procedures the tools are made from. */
    url: string | URL;
    /** Procedures: "notes.create". */
    names: string[];
    fetch?: typeof fetch;
}
/**
 * Procedures of a pod as tools for a graph: named notes_create for notes.create, with the schemas and
 * sentences that the pod itself has for them; `metadata` says which procedure a tool is, which scope that wants, and
 * what it does ("reads", "appends", "destroys"). What a tool gives, or is refused with, stands between marks of data for
 * the model (`dataRule` says what they are); the answer itself is the message's `artifact`. A call that comes again, since its graph is called again
 * after a crash, does nothing twice: its idempotency key follows from the thread and the model's call.
 */
export declare function tools(options: ToolsOptions): Promise<DynamicStructuredTool[]>;
