import type { Request } from './generated/app-router.js';
import { type EventSourceOfPod } from './subscription.js';
export interface WaitOptions {
    /** Default: 30 seconds. Infinity: as long as it takes. */
    timeoutMs?: number | undefined;
    /** Ends the wait, which rejects with the signal's reason. The command goes on. */
    signal?: AbortSignal | undefined;
}
/**
 * Everybody who waits. They share one subscription, because a browser has only six connections to a
 * pod; it is there while somebody waits.
 *
 * It watches first and asks then, so nothing can come in between; and asks again with each event of
 * the command and after each interruption. So the answer is always the pod's own, of requests.get.
 */
export declare class WaitingRoom {
    #private;
    constructor(source: EventSourceOfPod, getRequest: (requestId: string) => Promise<Request>);
    wait(requestId: string, { timeoutMs, signal }?: WaitOptions): Promise<Request>;
    close(): void;
}
