/** A fault of the page itself is told, never a blank page; its address, which holds all of its state, is kept. */
import { Component } from 'react';
import type { ReactNode } from 'react';

import { Notice } from '../ui/notice.tsx';

interface FaultState {
  readonly error: Error | null;
}

export class Fault extends Component<{ readonly children: ReactNode }, FaultState> {
  override state: FaultState = { error: null };

  static getDerivedStateFromError(error: unknown): FaultState {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <Notice title="This page has a fault" tone="bad">
        <p>{error.message}</p>
        <p>
          Nothing that was logged is harmed. <a href={location.href}>Load the page again</a>, or{' '}
          <a href={location.pathname}>begin without filters and zoom</a>.
        </p>
      </Notice>
    );
  }
}
