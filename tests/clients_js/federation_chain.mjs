// Resolves a trust chain by @openid-federation/core: documents by URL on stdin, its answer on stdout.
import { readFileSync } from "node:fs";
import { answer } from "./federation_core.mjs";

const { documents, subject, anchor } = JSON.parse(readFileSync(0, "utf8"));

globalThis.fetch = async (url) => {
  const { origin, pathname, searchParams } = new URL(url); // it also sends an "iss" of older drafts
  const sub = searchParams.get("sub");
  const found = documents[origin + pathname + (sub ? `?sub=${sub}` : "")];
  const headers = { "content-type": "application/entity-statement+jwt" };
  return found ? new Response(found, { headers }) : new Response("{}", { status: 404 });
};

await answer({ subject, anchor });
