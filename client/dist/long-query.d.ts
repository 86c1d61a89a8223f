import type { HttpOptions } from './http.js';
/** `http`, for a link of tRPC whose method is always POST, and which asks over REST with it. */
export declare function overRest(http: HttpOptions): HttpOptions;
