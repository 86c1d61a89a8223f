import { type HTTPLinkOptions, type TRPCLink } from '@trpc/client';
import type { AppRouter } from './generated/app-router.js';
type Options = HTTPLinkOptions<AppRouter['_def']['_config']['$types']>;
export interface HttpOptions {
    /** The pod's endpoint. */
    url: string;
    headers: () => Promise<Record<string, string>>;
    fetch: NonNullable<Options['fetch']>;
}
/** For queries and mutations. */
export declare function callsOverHttp(options: HttpOptions): TRPCLink<AppRouter>;
export {};
