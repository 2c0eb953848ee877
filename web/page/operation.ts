/**
 * A GraphQL operation as a link to the playground, and back.
 *
 * It stands behind `#`, so it is not sent to the server, has no length limit there and reaches no log. Headers are not
 * part of it: a link never carries a key.
 */
export interface Operation {
  query: string;
  /** JSON text, or empty. */
  variables: string;
}

export function operationLink({ query, variables }: Operation): string {
  const fragment = new URLSearchParams({ query });
  if (variables) fragment.set('variables', variables);
  return `graphiql#${fragment}`;
}

/** The operation of a link's fragment, or null where it has none. */
export function linkedOperation(hash: string): Operation | null {
  const fragment = new URLSearchParams(hash.replace(/^#/, ''));
  const query = fragment.get('query');
  return query ? { query, variables: fragment.get('variables') ?? '' } : null;
}
