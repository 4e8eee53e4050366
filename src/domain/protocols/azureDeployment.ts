import type { Protocol, RequestContext } from "../protocol.ts";
import { NO_CONTEXT } from "../protocol.ts";
import { type JsonObject, textMember } from "./jsonValue.ts";

/** Azure names what it serves in the path: `/openai/deployments/NAME/chat/completions`. */
const DEPLOYMENT = /(?:^|\/)deployments\/([^/?]+)/;

/** The deployment that a path names; null where it names none. */
export function deploymentIn(path: string): string | null {
  const name = DEPLOYMENT.exec(path)?.[1];
  if (name === undefined) {
    return null;
  }
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/**
 * The model asked for: the path's deployment, which Azure serves whatever the body says, else the body's. Deployments are
 * often named for their model; what was served, the answer tells.
 * @throws BadRequestError when the body's is no text.
 */
export function modelAsked(request: JsonObject, context: RequestContext | undefined): string {
  const inBody = textMember(request, "model") ?? "";
  return deploymentIn(context?.path ?? "") ?? inBody;
}

/** The same protocol for a provider whose base address ends in a deployment, so that no path below it names one. */
export function atDeployment(protocol: Protocol, baseUrl: string | undefined): Protocol {
  const name = DEPLOYMENT.exec(baseUrl ?? "")?.[1];
  if (name === undefined) {
    return protocol;
  }
  const below = `/deployments/${name}`;
  return {
    ...protocol,
    read: (body, context = NO_CONTEXT) => protocol.read(body, { ...context, path: `${below}${context.path}` }),
  };
}

/** The first version of Azure's API that takes `stream_options` and `max_completion_tokens`. */
const FIRST_WITH_USAGE = "2024-09-01";

/** Whether a request to Azure is for a version of its API that would refuse to be asked for a stream's usage. */
export function isOldAzureVersion(context: RequestContext | undefined): boolean {
  const version = /[?&]api-version=(\d{4}-\d{2}-\d{2})/.exec(context?.search ?? "")?.[1];
  return version !== undefined && version < FIRST_WITH_USAGE;
}
