// The gateway under test: asked over HTTP, on connections that are kept open.

import { Agent, request } from 'node:http';

export class Gateway {
  #url;
  #headers;
  #agent;

  constructor(url, key, connections) {
    this.#url = url;
    this.#headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  // The text of the answer to a document.
  ask(query, variables = {}) {
    return this.#send('POST', this.#url, JSON.stringify({ query, variables }));
  }

  // The data of the answer to a document that must not fail.
  async data(query, variables) {
    const text = await this.ask(query, variables);
    const answer = JSON.parse(text);
    if (answer.errors || !answer.data) {
      throw new Error(`${query}\n${text}`);
    }
    return answer.data;
  }

  // An answer of the REST API, by the path below the gateway's root.
  async rest(path) {
    return JSON.parse(await this.#send('GET', new URL(path, this.#url)));
  }

  #send(method, url, body) {
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, headers: this.#headers, agent: this.#agent }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString()));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
