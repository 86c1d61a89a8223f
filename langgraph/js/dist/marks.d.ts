/** What a prompt says of the marks to its model: without it they say nothing. */
export declare const dataRule: string;
/** What in the text looks like a mark is written so that it is none. */
export declare function asData(procedure: string, text: string): string;
