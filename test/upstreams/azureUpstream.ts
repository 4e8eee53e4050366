import { openaiError } from "./openaiError.ts";
import { openaiHandler } from "./openaiUpstream.ts";
import { type Handler, startUpstream, type Upstream, type UpstreamOptions } from "./upstreamServer.ts";

/** What each deployment of the simulated resource serves. */
export const deployments: Readonly<Record<string, string>> = {
  "gpt-4o-mini": "gpt-4o-mini",
  "team-chat": "gpt-4o-mini",
  embed: "text-embedding-3-small",
  instruct: "gpt-3.5-turbo-instruct",
};

/** The simulated Azure OpenAI: OpenAI's routes below each deployment, with Azure's key and version. */
export const startAzureUpstream = (options?: UpstreamOptions): Promise<Upstream> =>
  startUpstream(azureHandler(), "/openai", options);

const azureHandler = (): Handler => {
  const openai = openaiHandler();
  return (request, script) => {
    const key = request.headers["api-key"];
    if (key === undefined) return openaiError(401, "Access denied due to missing subscription key.");
    const headers = { ...request.headers, authorization: `Bearer ${String(key)}` };
    const [, deployment, route] = /^\/openai\/deployments\/([^/]+)\/(.+)$/.exec(request.path) ?? [];
    if (deployment === undefined) {
      return openai({ ...request, headers, path: request.path.replace(/^\/openai/, "") }, script);
    }
    const model = deployments[deployment];
    if (model === undefined) return openaiError(404, "The API deployment for this resource does not exist.");
    if (!request.query.has("api-version")) return openaiError(404, "Resource not found");
    const body = request.body && { ...request.body, model };
    return openai({ ...request, headers, path: `/v1/${route}`, body }, script);
  };
};
