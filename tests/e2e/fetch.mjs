// SPDX-License-Identifier: Apache-2.0
// Node's fetch against the gateway: JSON, bodies, streams, many at once. Usage: node fetch.mjs http://host:port
import assert from "node:assert/strict";

const base = process.argv[2];

const hello = await fetch(`${base}/hello?name=Node`);
assert.equal(hello.status, 200);
assert.deepEqual(await hello.json(), { message: "Hello, Node!" });

const body = "0123456789".repeat(50_000);
const echoed = await fetch(`${base}/tools/echo`, { method: "POST", body });
assert.equal(await echoed.text(), body);

const pieces = ["one ", "two ", "three"];
const streamed = await fetch(`${base}/tools/echo`, {
  method: "POST",
  duplex: "half",
  body: new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      piece ? controller.enqueue(new TextEncoder().encode(piece)) : controller.close();
    },
  }),
});
assert.equal(await streamed.text(), "one two three");

let text = "";
const decoder = new TextDecoder();
for await (const piece of (await fetch(`${base}/tools/stream?parts=200`)).body) text += decoder.decode(piece, { stream: true });
assert.equal(text.split("\n").length, 201);

const many = await Promise.all(Array.from({ length: 100 }, (_, n) => fetch(`${base}/users/${(n % 2) + 1}`)));
assert.ok(many.every((answer) => answer.status === 200));
assert.deepEqual(new Set((await Promise.all(many.map((a) => a.json()))).map((user) => user.id)), new Set([1, 2]));

const followed = await fetch(`${base}/moved`);
assert.ok(followed.redirected && followed.url.endsWith("/hello"));

const refused = await fetch(`${base}/nowhere`);
assert.equal(refused.status, 404);
assert.equal((await refused.json()).reason, "no_route");

// A client that leaves in the middle of an answer must not harm the next one.
const leaving = new AbortController();
const slow = fetch(`${base}/tools/slow?seconds=20`, { signal: leaving.signal });
setTimeout(() => leaving.abort(), 50);
await assert.rejects(slow, { name: "AbortError" });
assert.equal((await fetch(`${base}/hello`)).status, 200);
