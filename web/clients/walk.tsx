/** Drives a recipe's hook the way a list that is scrolled does, without a browser: for the tests. */
import { ApolloProvider } from '@apollo/client/react';
import { createElement, Suspense, useEffect, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { RelayEnvironmentProvider } from 'react-relay';
import { Provider as UrqlProvider } from 'urql';
import * as apollo from './apollo/imports';
import * as relay from './relay/imports';
import * as urql from './urql/imports';

/** Unit: rows. */
const PAGE = 100;

interface Paging {
  rows: { databaseId: string }[];
  error?: Error;
  loading?: boolean;
  isLoadingNext?: boolean;
  isLoadingPrevious?: boolean;
  hasNext: boolean;
  hasPrevious: boolean;
  loadNext(count: number): unknown;
  loadPrevious(count: number): unknown;
}

type Direction = 'forward' | 'backward';

export const CLIENTS = {
  relay: (url: string, key: string, child: ReactNode) =>
    createElement(RelayEnvironmentProvider, { environment: relay.createEnvironment(url, key), children: child }),
  apollo: (url: string, key: string, child: ReactNode) =>
    createElement(ApolloProvider, { client: apollo.createClient(url, key), children: child }),
  urql: (url: string, key: string, child: ReactNode) =>
    createElement(UrqlProvider, { value: urql.createClient(url, key), children: child }),
};

const HOOKS: Record<keyof typeof CLIENTS, (page: { first?: number; last?: number }) => Paging> = {
  relay: relay.useImports,
  apollo: apollo.useImports,
  urql: urql.useImports,
};

/** Every import's REST id in the order in which the client holds the rows once all pages are loaded. */
export function walk(client: keyof typeof CLIENTS, direction: Direction, url: string, key: string): Promise<string[]> {
  const useImports = HOOKS[client];
  const forward = direction === 'forward';
  return new Promise((resolve, reject) => {
    const container = document.createElement('div');
    const root = createRoot(container, { onUncaughtError: reject });

    function Walker() {
      const list = useImports(forward ? { first: PAGE } : { last: PAGE });
      const more = forward ? list.hasNext : list.hasPrevious;
      const loading = list.loading || list.isLoadingNext || list.isLoadingPrevious;
      useEffect(() => {
        if (list.error) reject(list.error);
        else if (loading) return;
        else if (!more) resolve(list.rows.map((row) => row.databaseId));
        else if (forward) list.loadNext(PAGE);
        else list.loadPrevious(PAGE);
      }, [loading, more, list.rows.length]);
      return null;
    }

    root.render(CLIENTS[client](url, key, <Suspense>{<Walker />}</Suspense>));
  });
}
