/** An event as a watch or a worker has it. Where its sender gave it an id, `synap` has the pod's. */
export interface Cause {
    id?: string | undefined;
    synap?: {
        id?: string | undefined;
    } | undefined;
}
/** What a request says of it: nothing, if it has no id that the pod could know. */
export declare function headersOfCause(event: Cause): Record<string, string>;
