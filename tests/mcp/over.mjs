// What the checks ask of a client, over either official one for TypeScript. Both check what a tool gives against the schema
// that it is listed with.
import assert from 'node:assert/strict';

export function over(client, version) {
  const result = (name, args) => client.callTool({ name, arguments: args });
  return {
    version,
    async tools() {
      return (await client.listTools()).tools.map(({ name }) => name);
    },
    async call(name, args) {
      const { isError, structuredContent, content } = await result(name, args);
      assert.ok(!isError, content[0]?.text);
      assert.deepEqual(JSON.parse(content[0].text), structuredContent);
      return structuredContent;
    },
    async complaint(name, args) {
      const { isError, content } = await result(name, args);
      assert.equal(isError, true);
      return content[0].text;
    },
    async read(uri) {
      return (await client.readResource({ uri })).contents[0].text;
    },
    close: () => client.close(),
  };
}
