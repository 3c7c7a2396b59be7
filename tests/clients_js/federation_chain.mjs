// Resolves a trust chain by @openid-federation/core: documents by URL on stdin, its answer on stdout.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolveTrustChains } from "@openid-federation/core";

const { documents, subject, anchor } = JSON.parse(readFileSync(0, "utf8"));

globalThis.fetch = async (url) => {
  const { origin, pathname, searchParams } = new URL(url); // it also sends an "iss" of older drafts
  const sub = searchParams.get("sub");
  const found = documents[origin + pathname + (sub ? `?sub=${sub}` : "")];
  const headers = { "content-type": "application/entity-statement+jwt" };
  return found ? new Response(found, { headers }) : new Response("{}", { status: 404 });
};

function verifyJwtCallback({ jwt, jwk }) {
  const [head, payload, signature] = jwt.split(".");
  const key = { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" };
  const signed = Buffer.from(`${head}.${payload}`);
  return Promise.resolve(verify("sha256", signed, key, Buffer.from(signature, "base64url")));
}

const chains = await resolveTrustChains({
  entityId: subject,
  trustAnchorEntityIds: [anchor],
  verifyJwtCallback,
});
process.stdout.write(
  JSON.stringify(
    chains.map(({ chain, resolvedLeafMetadata }) => ({
      path: chain.map(({ iss, sub }) => [iss, sub]),
      metadata: resolvedLeafMetadata,
    })),
  ),
);
