import type { HttpOptions } from './http.js';
type Fetch = HttpOptions['fetch'];
/** `ask`, with answers of the pod only: of another one it throws a NoPodError. */
export declare function answersOfPod(endpoint: string, ask: Fetch): Fetch;
export {};
