// What @openid-federation/core 0.2.1 needs of us, and its answer as the tests read it.
import { createPublicKey, verify } from "node:crypto";
import { resolveTrustChains } from "@openid-federation/core";

function verifyJwtCallback({ jwt, jwk }) {
  const [head, payload, signature] = jwt.split(".");
  const key = { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" };
  const signed = Buffer.from(`${head}.${payload}`);
  return Promise.resolve(verify("sha256", signed, key, Buffer.from(signature, "base64url")));
}

export async function answer({ subject, anchor }) {
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
}
