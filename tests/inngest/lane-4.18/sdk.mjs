export * from 'inngest';
export { createEndpointServer, endpointAdapter, serve } from 'inngest/node';
export { createDefer } from 'inngest/experimental';
