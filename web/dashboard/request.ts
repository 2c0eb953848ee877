/**
 * What is on screen as requests of one's own: the page's GraphQL query, and the same list by REST.
 *
 * Takes the arguments of `imports`; gives command lines for `curl`. Neither has a key in it: a shell fills it in.
 */
import type { ImportFilter, ImportsPageQuery } from './__generated__/ImportsPageQuery.graphql';

type Variables = ImportsPageQuery['variables'];

const KEY = '-H "Authorization: Bearer $API_KEY"';

/** `base` is the address of the page. */
export function graphqlCurl(query: string, variables: Variables, base: string): string {
  const body = JSON.stringify({ query: query.replace(/\s+/g, ' '), variables });
  return [
    `curl ${quoted(new URL('./graphql', base).href)}`,
    KEY,
    "-H 'Content-Type: application/json'",
    `--data ${quoted(body)}`,
  ].join(' \\\n  ');
}

/** A list by REST starts at a cursor, not after it: this one is the list from its start. */
export function restCurl({ first, filter, sort }: Variables, base: string): string {
  const url = new URL('./api/v1/imports', base);
  const parameters: [string, string][] = [['per_page', String(first)], ...restFilter(filter ?? {})];
  for (const key of sort ?? []) {
    for (const [field, direction] of Object.entries(key)) {
      if (direction) parameters.push([`sort[${snake(field)}]`, direction.toLowerCase()]);
    }
  }
  url.search = parameters.map(([name, value]) => `${name}=${parameter(value)}`).join('&');
  // `curl` takes brackets for a set of addresses, unless it is told not to.
  return [`curl --globoff ${quoted(url.href)}`, KEY].join(' \\\n  ');
}

function restFilter({ status, type, isCompleted, createdAt, updatedAt, fileName }: ImportFilter): [string, string][] {
  const parameters: [string, string][] = [];
  for (const [field, lists] of Object.entries({ status, type })) {
    for (const [operator, list] of Object.entries(lists ?? {})) {
      const items = (list as string[]).join(',');
      parameters.push([`filter[${field}][${operator}]`, field === 'status' ? items.toLowerCase() : items]);
    }
  }
  for (const [field, span] of Object.entries({ created_at: createdAt, updated_at: updatedAt })) {
    const bounds = (span?.between ?? span ?? {}) as Record<string, string>;
    for (const [operator, at] of Object.entries(bounds)) parameters.push([`filter[${field}][${operator}]`, at]);
  }
  if (fileName?.contains) parameters.push(['filter[file_name][contains]', fileName.contains]);
  if (typeof isCompleted === 'boolean') parameters.push(['filter[is_completed]', String(isCompleted)]);
  return parameters;
}

function snake(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Encoded where it has to be, and readable where it need not. */
function parameter(value: string): string {
  return encodeURIComponent(value).replaceAll('%2C', ',').replaceAll('%3A', ':');
}

/** As one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
