import {
  type AddressedRequest,
  NO_CONTEXT,
  type Protocol,
  type RequestContext,
  type RequestFacts,
} from "../protocol.ts";
import { withMembers } from "./jsonEdit.ts";
import { type JsonObject, textMember } from "./jsonValue.ts";
import { forModelInBody } from "./modelInBody.ts";

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

/** The same address with a deployment of another name. */
function atOther(address: string, name: string): string {
  const given = DEPLOYMENT.exec(address)?.[1];
  return given === undefined
    ? address
    : address.replace(`deployments/${given}`, () => `deployments/${encodeURIComponent(name)}`);
}

/** The same request as hosts take it that have no deployments: the model stands in the body. */
export function withoutDeployment(
  asked: AddressedRequest,
  facts: RequestFacts,
): readonly [AddressedRequest, RequestFacts] {
  const { route, body } = asked;
  const found = DEPLOYMENT.exec(route);
  if (found === null) {
    return [asked, facts];
  }
  const plain = {
    ...asked,
    route: route.slice(found.index + found[0].length),
    body: withMembers(body, facts.members, { model: JSON.stringify(facts.model) }),
  };
  return [plain, { ...facts, members: new Set([...facts.members, "model"]) }];
}

/** Whether the address of a request names the deployment that answers. */
export function isDeployed({ baseUrl, route }: Pick<AddressedRequest, "baseUrl" | "route">): boolean {
  return deploymentIn(route) !== null || deploymentIn(baseUrl) !== null;
}

/** The same request for another model, or for Azure's deployment of that name; null where nothing in it names any. */
export function forModelOrDeployment(
  asked: AddressedRequest,
  facts: RequestFacts,
  context: RequestContext,
  model: string,
): AddressedRequest | null {
  const named = forModelInBody(asked, facts, context, model);
  if (!isDeployed(asked)) {
    return named;
  }
  const { baseUrl, route } = asked;
  return { baseUrl: atOther(baseUrl, model), route: atOther(route, model), body: (named ?? asked).body };
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
