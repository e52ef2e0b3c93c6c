// SPDX-License-Identifier: Apache-2.0
// Node's HTTP/2 client against the gateway: node h2.mjs URL. Says "well" and exits with 0 if all is.
import assert from "node:assert";
import { connect, constants } from "node:http2";
import { once } from "node:events";

const session = connect(process.argv[2]);

async function ask(path, { method = "GET", body, fields = {} } = {}) {
  const stream = session.request({ ":path": path, ":method": method, ...fields }, { endStream: body === undefined });
  const answer = { trailers: {}, hints: [] };
  stream.on("trailers", (trailers) => (answer.trailers = trailers));
  stream.on("headers", (headers) => answer.hints.push(headers[":status"]));
  if (body !== undefined) stream.end(body);
  const [headers] = await once(stream, "response");
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return { ...answer, status: headers[":status"], headers, body: Buffer.concat(pieces) };
}

// Two hundred at once, more than may be open at a time.
const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => ask(`/hello?${n}`)));
for (const answer of answers) assert.equal(answer.status, 200);

const large = Buffer.alloc(3_000_000, "abcdefghij");
const stored = await ask("/echo", { method: "POST", body: large });
assert.equal(stored.status, 200);
assert.ok(stored.body.equals(large), "the echo of a large body");

const early = await ask("/hints");
assert.deepEqual(early.hints, [103]);
const trailing = await ask("/trailers");
assert.equal(trailing.trailers["x-sum"], "42");
assert.equal((await ask("/nowhere/at/all")).status, 404);

// A cancelled request leaves the others alone.
const cancelled = session.request({ ":path": "/slow" });
setTimeout(() => cancelled.close(constants.NGHTTP2_CANCEL), 50);
await once(cancelled, "close");
assert.equal((await ask("/hello")).status, 200);

session.close();
await once(session, "close");
console.log("well");
