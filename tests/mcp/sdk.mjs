// The official client for TypeScript, version 1, which most programs still have: it knows no edition after 2025-11-25.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { over } from './over.mjs';

export const EDITIONS = ['2025-11-25'];

export async function connect(url, key) {
  const client = new Client({ name: 'mcp-clients', version: '1.0.0' });
  const requestInit = { headers: { Authorization: `Bearer ${key}` } };
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit });
  await client.connect(transport);
  return over(client, transport.protocolVersion);
}
