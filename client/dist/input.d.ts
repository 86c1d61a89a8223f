import { type TRPCLink } from '@trpc/client';
import type { AppRouter } from './generated/app-router.js';
/** What cannot be sent fails by itself and at once, with a sentence, and nothing that it would go with. */
export declare function checkedInputs(transport: 'websocket' | 'sse'): TRPCLink<AppRouter>;
