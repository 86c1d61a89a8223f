export * from 'inngest';
export { createEndpointServer, endpointAdapter, serve } from 'inngest/node';
export { stream } from 'inngest/experimental/durable-endpoints';
export { fetchWithStream } from 'inngest/experimental/durable-endpoints/client';
export { createDefer } from 'inngest/experimental';
