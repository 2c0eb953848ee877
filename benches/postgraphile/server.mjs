// PostGraphile 5 over the same table, for the benchmark: `node server.mjs URL PORT`.
//
// Its own preset for new projects, without what is for development: no watching, no playground, no explanations; a pool
// of four connections, as the others have.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

// PostGraphile 5 is made for Node.js 22; this is what it misses in 20, where its connections fail without it.
Promise.withResolvers ??= function () {
  const deferred = {};
  deferred.promise = new this((resolve, reject) => Object.assign(deferred, { resolve, reject }));
  return deferred;
};

const [url, port] = process.argv.slice(2);

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: url, schemas: ["public"], poolConfig: { max: 4 } })],
  grafserv: { watch: false, graphiql: false, websockets: false },
  grafast: { explain: false },
});

const server = createServer();
server.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
await instance.createServ(grafserv).addTo(server);
server.listen(Number(port), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
