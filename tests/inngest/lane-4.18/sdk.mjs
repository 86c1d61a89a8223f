export * from 'inngest';
export { serve } from 'inngest/node';
