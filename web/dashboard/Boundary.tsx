/** Catches what its children threw while loading, until `resetKey` changes. Only failures of requests are caught. */
import { Component, type ReactNode } from 'react';
import { Failure } from '../page/failure';

interface Props {
  resetKey: unknown;
  fallback(failure: Failure): ReactNode;
  children: ReactNode;
}

interface State {
  caught: { failure: Failure; resetKey: unknown } | null;
  resetKey: unknown;
}

export class Boundary extends Component<Props, State> {
  override state: State = { caught: null, resetKey: this.props.resetKey };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    if (!(error instanceof Failure)) throw error;
    return { caught: { failure: error, resetKey: null } };
  }

  static getDerivedStateFromProps(props: Props, state: State): State | null {
    return props.resetKey === state.resetKey ? null : { caught: null, resetKey: props.resetKey };
  }

  override render() {
    return this.state.caught ? this.props.fallback(this.state.caught.failure) : this.props.children;
  }
}
