export { connect } from 'inngest/connect';
