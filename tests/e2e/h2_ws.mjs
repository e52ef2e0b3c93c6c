// SPDX-License-Identifier: Apache-2.0
// A WebSocket over HTTP/2 (RFC 8441) with Node's http2. Usage: node h2_ws.mjs http://host:port /path count
import assert from "node:assert/strict";
import http2 from "node:http2";

const [url, path, count] = [process.argv[2], process.argv[3], Number(process.argv[4])];

// A text message of a client, masked with zeros (RFC 6455 section 5.2).
function frame(text) {
  const payload = Buffer.from(text);
  assert.ok(payload.length < 126);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

// The messages of a server, one by one.
async function* messages(stream) {
  let buffer = Buffer.alloc(0);
  for await (const piece of stream) {
    buffer = Buffer.concat([buffer, piece]);
    while (buffer.length >= 2 && buffer.length >= 2 + (buffer[1] & 0x7f)) {
      const size = buffer[1] & 0x7f;
      yield { opcode: buffer[0] & 0x0f, text: buffer.subarray(2, 2 + size).toString() };
      buffer = buffer.subarray(2 + size);
    }
  }
}

const session = http2.connect(url);
await new Promise((done) => session.once("remoteSettings", done));
assert.equal(session.remoteSettings.enableConnectProtocol, true);

const request = session.request({
  ":method": "CONNECT",
  ":protocol": "websocket",
  ":path": path,
  "sec-websocket-version": "13",
});
const headers = await new Promise((done, failed) => request.once("response", done).once("error", failed));
assert.equal(headers[":status"], 200);
assert.equal(headers["sec-websocket-accept"], undefined);

const incoming = messages(request);
for (let n = 0; n < count; ++n) {
  request.write(frame(`message ${n}`));
  const { value } = await incoming.next();
  assert.deepEqual(value, { opcode: 1, text: `message ${n}` });
}
// The server closes when it is told good bye.
request.write(frame("/bye"));
const { value } = await incoming.next();
assert.equal(value.opcode, 8);
request.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x0f, 0xa1]));
for await (const _ of incoming);
session.close();
console.log("well");
