import type { AddressedRequest } from "../protocol.ts";

/** What a path of Bedrock's runtime says of a call. */
export interface BedrockCall {
  /** The model or inference profile, as price lists name it; another resource by its whole ARN. */
  readonly model: string;
  readonly operation: "converse" | "invoke";
  readonly stream: boolean;
}

/** Clients encode the model, in which slashes and colons can stand; some leave them as they are. */
const PATH = /(?:^|\/)model\/(.+)\/(converse|converse-stream|invoke|invoke-with-response-stream)\/?$/;

/** What ids of profiles begin with, which spread calls over the regions of a part of the world. */
const REGION = /^(us|us-gov|eu|apac|jp|au|ca|sa|global|regional)\./;

/** Null where the path is that of no model call. */
export function bedrockCallOf(path: string): BedrockCall | null {
  const [, model, route] = PATH.exec(path) ?? [];
  if (model === undefined || route === undefined) {
    return null;
  }
  return {
    model: modelName(decoded(model)),
    operation: route.startsWith("converse") ? "converse" : "invoke",
    stream: route.endsWith("-stream"),
  };
}

/** The same request for another model; null where its path calls none. */
export function forBedrockModel(asked: AddressedRequest, model: string): AddressedRequest | null {
  const { route } = asked;
  const [, given] = PATH.exec(route) ?? [];
  return given === undefined
    ? null
    : { ...asked, route: route.replace(`model/${given}/`, () => `model/${encodeURIComponent(model)}/`) };
}

/** Whose model it is, by its id: `anthropic`; null where it is another resource, whose ARN does not tell. */
export function bedrockMaker(model: string): string | null {
  return /^([a-z0-9]+)\./.exec(withoutRegion(model))?.[1] ?? null;
}

/** Where the model answers, as its id begins: `eu.`; empty where it begins with its maker. */
function regionOf(model: string): string {
  return REGION.exec(model)?.[0] ?? "";
}

function withoutRegion(model: string): string {
  return model.slice(regionOf(model).length);
}

/** A model's id where the other model answers: what is kept to a part of the world stays there. */
export function keptInRegion(model: string, other: string): string {
  return `${regionOf(other)}${withoutRegion(model)}`;
}

/** Models and the profiles of Amazon's own that spread calls over regions stand in an ARN by their names. */
function modelName(model: string): string {
  return /^arn:[^/]*:(?:foundation-model|inference-profile)\/(.+)$/.exec(model)?.[1] ?? model;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
