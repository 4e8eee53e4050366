/** What a path of Bedrock's runtime says of a call. */
export interface BedrockCall {
  /** The model or inference profile, as price lists name it; another resource by its whole ARN. */
  readonly model: string;
  readonly operation: "converse" | "invoke";
  readonly stream: boolean;
}

/** Clients encode the model, in which slashes and colons can stand; some leave them as they are. */
const PATH = /(?:^|\/)model\/(.+)\/(converse|converse-stream|invoke|invoke-with-response-stream)\/?$/;

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
