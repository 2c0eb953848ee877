// The official client for TypeScript, version 2. It begins with `initialize` unless it is told to ask for the newer edition.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { over } from './over.mjs';

/** It keeps what the server says of a key to itself where it asks for the newer edition. */
export const tellsOfKeys = /valid API key|HTTP 401/;
export const EDITIONS = ['2026-07-28', '2025-11-25'];

export async function connect(url, key, edition) {
  const mode = edition === '2025-11-25' ? 'legacy' : 'auto';
  const client = new Client({ name: 'mcp-clients', version: '1.0.0' }, { versionNegotiation: { mode } });
  const requestInit = { headers: { Authorization: `Bearer ${key}` } };
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit });
  await client.connect(transport);
  return over(client, client.getNegotiatedProtocolVersion?.());
}
