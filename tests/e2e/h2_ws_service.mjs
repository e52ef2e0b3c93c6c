// SPDX-License-Identifier: Apache-2.0
// A service that takes WebSockets over HTTP/2 alone (RFC 8441): echoes messages, and closes when it is told /bye.
// Usage: node h2_ws_service.mjs [off], where off means that its SETTINGS do not offer it.
import { createServer } from "node:http2";

// What a client sends, frame by frame (RFC 6455 section 5.2); all of its frames are masked.
async function* frames(stream) {
  let pieces = [];
  let [have, need] = [0, 2]; // bytes: joined only when there is a whole frame
  for await (const piece of stream) {
    pieces.push(piece);
    have += piece.length;
    if (have < need) continue;
    let buffer = Buffer.concat(pieces);
    for (;;) {
      need = buffer.length + 1;
      if (buffer.length < 2) break;
      const short = buffer[1] & 0x7f;
      const head = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (buffer.length < head + 4) break;
      const size = short === 126 ? buffer.readUInt16BE(2) : short === 127 ? Number(buffer.readBigUInt64BE(2)) : short;
      need = head + 4 + size;
      if (buffer.length < need) break;
      const mask = buffer.subarray(head, head + 4);
      const payload = Buffer.from(buffer.subarray(head + 4, head + 4 + size)).map((byte, n) => byte ^ mask[n % 4]);
      yield { first: buffer[0], payload };
      buffer = buffer.subarray(need);
    }
    pieces = [buffer];
    have = buffer.length;
  }
}

function frame(first, payload) {
  const n = payload.length;
  const head = Buffer.alloc(n < 126 ? 2 : n < 65536 ? 4 : 10);
  head[0] = first;
  head[1] = n < 126 ? n : n < 65536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(n, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(n), 2);
  return Buffer.concat([head, payload]);
}

const [CLOSE, PING, PONG] = [0x88, 0x89, 0x8a];

async function serve(stream) {
  stream.respond({ ":status": 200 });
  let closing = false;
  for await (const { first, payload } of frames(stream)) {
    // Leaving the loop would reset the stream: who has sent a close waits for the other's.
    if (closing) continue;
    if (first === CLOSE || payload.toString() === "/bye") {
      closing = true;
      stream.end(frame(CLOSE, first === CLOSE ? payload : Buffer.from("\x0f\xa1good bye", "latin1")));
      continue;
    }
    stream.write(frame(first === PING ? PONG : first, payload));
  }
}

const server = createServer({ settings: { enableConnectProtocol: process.argv[2] !== "off" } });
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  if (headers[":method"] === "CONNECT" && headers[":protocol"] === "websocket") return serve(stream).catch(() => {});
  stream.respond({ ":status": 426 });
  return stream.end();
});
server.listen(0, "127.0.0.1", () => console.log(`on port ${server.address().port}`));
