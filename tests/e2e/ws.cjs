// SPDX-License-Identifier: Apache-2.0
// A WebSocket client (Debian's node-ws). Usage: node ws.cjs <what> <url> [count]
//   echo   sends count messages of all kinds, each after the last one came back, and expects a close of its own
//   bye    has the server close, with its code
//   big    sends messages of up to 8 MiB
//   many   opens count sockets at once, and one message goes through each
const assert = require("node:assert/strict");
const WebSocket = require("ws");

const [what, url, count] = [process.argv[2], process.argv[3], Number(process.argv[4] || 1)];

const opened = (path) =>
  new Promise((done, failed) => {
    const socket = new WebSocket(url + path);
    socket.on("open", () => done(socket));
    socket.on("error", failed);
  });
const next = (socket) => new Promise((done) => socket.once("message", (data, binary) => done({ data, binary })));
const closed = (socket) => new Promise((done) => socket.once("close", (code, reason) => done({ code, reason: String(reason) })));

async function echo(socket, messages) {
  for (const message of messages) {
    const answer = next(socket);
    socket.send(message);
    const { data, binary } = await answer;
    assert.equal(binary, typeof message !== "string");
    assert.ok(Buffer.from(message).equals(data), "a message came back changed");
  }
}

const tasks = {
  async echo() {
    const socket = await opened("/echo");
    for (let n = 0; n < count; ++n) {
      await echo(socket, [n % 3 ? `message ${n}` : Buffer.from(`message ${n}`)]);
      if (n % 100 === 0) {
        const pong = new Promise((done) => socket.once("pong", done));
        socket.ping("are you there");
        assert.equal(String(await pong), "are you there");
      }
      if (n % 50 === 0) console.log(`passed ${n}`);
    }
    const end = closed(socket);
    socket.close(3000, "done");
    assert.deepEqual(await end, { code: 3000, reason: "done" });
  },
  async bye() {
    const socket = await opened("/bye");
    const end = closed(socket);
    socket.send("/bye");
    assert.deepEqual(await end, { code: 4001, reason: "good bye" });
  },
  async big() {
    const socket = await opened("/big");
    for (const size of [0, 125, 126, 65535, 65536, 1 << 20, 8 << 20]) await echo(socket, [Buffer.alloc(size, size % 251)]);
    socket.close();
  },
  async many() {
    const sockets = await Promise.all(Array.from({ length: count }, (_, n) => opened(`/room-${n}`)));
    await Promise.all(sockets.map((socket, n) => echo(socket, [`number ${n}`])));
    for (const socket of sockets) socket.close();
    await Promise.all(sockets.map(closed));
  },
};

tasks[what]().then(() => console.log("well"), (error) => {
  console.error(error);
  process.exit(1);
});
