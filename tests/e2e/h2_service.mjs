// SPDX-License-Identifier: Apache-2.0
// The service behind tests/e2e/h2.mjs, over HTTP/1.1: echoes, hints, trailers, and one answer that never comes.
import { createServer } from "node:http";

const server = createServer((request, response) => {
  const path = request.url.split("?")[0];
  if (path === "/echo") return request.pipe(response);
  if (path === "/slow") return undefined;
  if (path === "/hints") response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
  if (path === "/trailers") {
    response.writeHead(200, { Trailer: "X-Sum" });
    response.write("body");
    response.addTrailers({ "X-Sum": "42" });
    return response.end();
  }
  response.end("hello\n");
});
server.listen(0, "127.0.0.1", () => console.log(`on port ${server.address().port}`));
