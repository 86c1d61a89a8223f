export * from 'inngest';
export { serve } from 'inngest/node';
export { createDefer } from 'inngest/experimental';
