/** How the connections of one client have gone, for the delay before the next. */
export declare class ConnectionHistory {
    /** Connections in a row that ended with a message that cannot be read. */
    failures: number;
}
/** `Base`, guarded. What it makes are WebSockets of `Base`. */
export declare function guardedWebSocket(Base: typeof WebSocket, history: ConnectionHistory): typeof WebSocket;
/** The same for an EventSource, of which pings and ends have no data. */
export declare function guardedEventSource(Base: typeof EventSource): typeof EventSource;
