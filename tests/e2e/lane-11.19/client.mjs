// The official client 11.19.0, resolved from this lane's own node_modules.
export * from '@trpc/client';
