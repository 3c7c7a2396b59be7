// Merges and applies metadata policies by @openid-federation/core: cases on stdin, answers on stdout.
import { readFileSync } from "node:fs";
import { applyMetadataPolicyToMetadata, combineMetadataPolicies } from "@openid-federation/core";

const TYPE = "openid_provider";

function statement(policy) {
  return {
    iss: "https://superior.example",
    sub: "https://subordinate.example",
    iat: new Date(),
    exp: new Date(Date.now() + 1000000),
    jwks: { keys: [{ kty: "EC", kid: "a" }] },
    metadata_policy: { [TYPE]: { x: policy } },
  };
}

function merge({ superior, subordinate }) {
  const statements = [statement(superior), statement(subordinate)];
  return combineMetadataPolicies({ statements }).mergedPolicy[TYPE]?.x ?? {};
}

function apply({ policy, parameters }) {
  const { resolvedLeafMetadata } = applyMetadataPolicyToMetadata({
    leafMetadata: { [TYPE]: parameters },
    policyMetadata: { [TYPE]: { x: policy } },
  });
  return resolvedLeafMetadata[TYPE] ?? {};
}

function answer(work, given) {
  try {
    return { result: work(given) };
  } catch (error) {
    return { error: String(error) };
  }
}

const { merges, applications } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(
  JSON.stringify({
    merges: merges.map((one) => answer(merge, one)),
    applications: applications.map((one) => answer(apply, one)),
  }),
);
