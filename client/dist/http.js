// How calls go over HTTP: those of one moment together, in requests that a pod and what stands before
// it take; what is too long for that, alone.
import { httpBatchLink, httpLink, splitLink, } from '@trpc/client';
// What the pod takes in one request, and what every proxy takes in one URL.
const BATCH_MAX = 100;
const URL_LENGTH_MAX = 8_000;
// A hundred inputs of this size are a third of the 10 MiB that a pod takes in one request, if it is
// not told otherwise; a longer one goes alone.
const BATCHED_INPUT_BYTES_MAX = 32 * 1024;
// Of UTF-8, for a UTF-16 unit.
const BYTES_OF_UNIT_MAX = 3;
// As it is sent, so that what JSON escapes counts as what becomes of it.
function isLong(input) {
    let json;
    try {
        json = JSON.stringify(input);
    }
    catch {
        return true; // It fails by itself, and not those with which it would have gone.
    }
    if (json === undefined || json.length * BYTES_OF_UNIT_MAX <= BATCHED_INPUT_BYTES_MAX)
        return false;
    if (json.length > BATCHED_INPUT_BYTES_MAX)
        return true;
    return new TextEncoder().encode(json).length > BATCHED_INPUT_BYTES_MAX;
}
/** For queries and mutations. */
export function callsOverHttp(http) {
    return splitLink({
        condition: (op) => op.type === 'mutation' && isLong(op.input),
        true: httpLink(http),
        false: httpBatchLink({ ...http, maxItems: BATCH_MAX, maxURLLength: URL_LENGTH_MAX }),
    });
}
