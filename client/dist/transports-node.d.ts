export declare const DefaultWebSocket: typeof WebSocket;
export declare const DefaultEventSource: typeof EventSource;
/** True where the default EventSource takes a `fetch`, and so can send headers. */
export declare const eventSourceTakesFetch: boolean;
