import type { HttpOptions } from './http.js';
/** What makes a link of tRPC ask over REST: `http`, for one whose method is always POST. */
export declare function overRest(http: HttpOptions): HttpOptions & {
    methodOverride: 'POST';
};
