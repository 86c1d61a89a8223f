// A browser has both. `undefined` only where a page is rendered without one.
export const DefaultWebSocket = globalThis.WebSocket;
export const DefaultEventSource = globalThis.EventSource;
/** A browser's EventSource cannot send headers: the key goes into the URL. */
export const eventSourceTakesFetch = false;
