// SPDX-License-Identifier: Apache-2.0
// Asks a gateway over TLS and HTTP/2 without a pause, eight requests at a time, on a new connection as soon as the old one
// takes no more: node h2_load.mjs URL. At SIGINT it says as JSON what became of them. What the gateway has certainly not
// taken, refused or never sent, is asked again, as RFC 9113 section 8.7 allows; any other failure is a lost request.
import { connect, constants } from "node:http2";
import { once } from "node:events";

const result = { answers: 0, again: 0, connections: 0, lost: [] };
let ended = false;
let session;

function current() {
  if (session && !session.closed && !session.destroyed) return session;
  let connected = false;
  session = connect(process.argv[2], { rejectUnauthorized: false });
  session.on("connect", () => (connected = true));
  session.on("error", (error) => connected || result.lost.push(`no connection: ${error.message}`)); // else its requests tell
  ++result.connections;
  return session;
}

async function closed(stream) {
  await once(stream, "close");
  throw new Error("closed without an answer");
}

async function ask() {
  const asked = current();
  let stream;
  try {
    stream = asked.request({ ":path": "/hello" });
    const [headers] = await Promise.race([once(stream, "response"), closed(stream)]);
    stream.resume();
    await once(stream, "end");
    if (headers[":status"] !== 200) throw new Error(`status ${headers[":status"]}`);
    ++result.answers;
  } catch (error) {
    const taken = stream?.id !== undefined && stream.rstCode !== constants.NGHTTP2_REFUSED_STREAM;
    if (taken) result.lost.push(error.message);
    else ++result.again;
    asked.close();
  }
}

async function client() {
  while (!ended) await ask();
}

process.on("SIGINT", () => (ended = true));
await Promise.all(Array.from({ length: 8 }, client));
console.log(JSON.stringify(result));
process.exit(0);
