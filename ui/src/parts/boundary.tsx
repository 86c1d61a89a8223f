// A part of the page in which something may go wrong that nobody thought of: it says so, and the rest stays.
import { Component, type ComponentChildren } from 'preact';

import { messageOf } from '../lib/rpc.js';
import { Problem } from './answer.js';

interface Props {
  /** The address: elsewhere it is tried again. */
  at: string;
  children: ComponentChildren;
}

export class Boundary extends Component<Props, { error?: unknown }> {
  static override getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override componentDidCatch(error: unknown): void {
    console.error(error);
  }

  override componentDidUpdate(before: Props): void {
    if (before.at !== this.props.at && 'error' in this.state) this.setState({ error: undefined });
  }

  override render({ children }: Props, { error }: { error?: unknown }) {
    if (error === undefined) return children;
    return (
      <Problem
        error={new Error(`This cannot be shown: ${messageOf(error)}`)}
        retry={() => this.setState({ error: undefined })}
      />
    );
  }
}
