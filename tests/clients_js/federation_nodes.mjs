// The same of nodes that run: they are asked over HTTP, at this machine whatever their names are.
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { answer } from "./federation_core.mjs";

globalThis.fetch = (url) =>
  new Promise((resolve, reject) => {
    const { host, port, pathname, search } = new URL(url);
    const asked = { host: "127.0.0.1", port, path: pathname + search, headers: { host } };
    request(asked, async (received) => {
      const body = Buffer.concat(await received.toArray());
      const headers = { "content-type": received.headers["content-type"] };
      resolve(new Response(body, { status: received.statusCode, headers }));
    })
      .on("error", reject)
      .end();
  });

await answer(JSON.parse(readFileSync(0, "utf8")));
