export declare const DefaultWebSocket: typeof WebSocket | undefined;
export declare const DefaultEventSource: typeof EventSource | undefined;
/** A browser's EventSource cannot send headers: the key goes into the URL. */
export declare const eventSourceTakesFetch: boolean;
