// A browser has both. `undefined` only where a page is rendered without one.
export const DefaultWebSocket = globalThis.WebSocket as typeof WebSocket | undefined;
export const DefaultEventSource = globalThis.EventSource as typeof EventSource | undefined;

/** A browser's EventSource cannot send headers: the key goes into the URL. */
export const eventSourceTakesFetch: boolean = false;
