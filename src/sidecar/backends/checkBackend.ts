import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { Checked } from "../../domain/backends/backendSwitch.ts";
import type { Provider } from "../../domain/config.ts";
import { formatDuration } from "../../domain/formats.ts";
import { errorMessageOf } from "../../domain/protocols/errorMessage.ts";
import { withoutSecrets } from "../../domain/withoutSecrets.ts";
import { ClientGoneError, Departure } from "../departure.ts";
import { readBody } from "../gateway/body.ts";
import { targetOf } from "../gateway/route.ts";
import type { Upstream } from "../gateway/upstream.ts";
import type { Link } from "../links.ts";

const LARGEST_ANSWER = 8 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);
/** So many models are named where the one that is wanted is not among them. */
const MOST_NAMED = 3;

/** One check: which provider, with which key and model, over which connection. */
export interface Check {
  readonly provider: Provider;
  /** Null where none is at hand. */
  readonly key: string | null;
  /** Null: any. */
  readonly model: string | null;
  readonly link: Link | null;
  /** How long, in ms, the answer may take. */
  readonly limitMs: number;
}

/** A route that costs nothing and wants the same key as calls do. */
interface Probe {
  readonly route: string;
  readonly headers: readonly string[];
  /** Whether the list that it gives is all that the server can run. */
  readonly isWhole: boolean;
  /** Whether the answer tells anything of the key. */
  readonly checksKey: boolean;
}

/** Asks a provider for its list of models, which is free and tells whether the key is valid. Never throws. */
export async function checkBackend(check: Check, upstream: Upstream): Promise<Checked> {
  const started = performance.now();
  const latency = () => Math.round(performance.now() - started);
  const probe = probeFor(check.provider, check.key);
  try {
    const { status, body } = await ask(upstream, check, probe);
    return judge(check, probe, status, body, latency());
  } catch (error) {
    if (error instanceof ClientGoneError) {
      return { state: "slow", latencyMs: null, detail: `no answer within ${formatDuration(check.limitMs)}` };
    }
    return { state: "down", latencyMs: null, detail: error instanceof Error ? error.message : String(error) };
  }
}

function probeFor({ protocol, baseUrl, pricing }: Provider, key: string | null): Probe {
  const { hostname, pathname } = new URL(baseUrl);
  const hasVersion = /\/v\d+[a-z]*\/?$/.test(pathname);
  const bearer = key === null ? [] : ["Authorization", `Bearer ${key}`];
  const isWhole = pricing.kind === "compute-hour";
  switch (protocol) {
    case "openai":
      if (hostname === "openrouter.ai") {
        // Its list of models is public.
        return { route: "/key", headers: bearer, isWhole, checksKey: true };
      }
      if (/\.(openai|services\.ai|cognitiveservices)\.azure\.com$/.test(hostname)) {
        return { route: "/models", headers: key === null ? [] : ["api-key", key], isWhole, checksKey: true };
      }
      return { route: "/models", headers: bearer, isWhole, checksKey: true };
    case "anthropic":
      return {
        route: hasVersion ? "/models" : "/v1/models",
        headers: [...(key === null ? [] : ["x-api-key", key]), "anthropic-version", "2023-06-01"],
        isWhole,
        checksKey: true,
      };
    case "google":
      return {
        route: hasVersion ? "/models" : "/v1beta/models",
        headers: key === null ? [] : ["x-goog-api-key", key],
        isWhole,
        checksKey: true,
      };
    case "ollama":
      return { route: "/api/tags", headers: bearer, isWhole: true, checksKey: true };
    case "cohere":
      return { route: hasVersion ? "/models" : "/v1/models", headers: bearer, isWhole, checksKey: true };
    case "bedrock":
      // The runtime has no route that is free.
      return { route: "/", headers: bearer, isWhole: false, checksKey: false };
  }
}

async function ask(
  upstream: Upstream,
  { provider, link, limitMs }: Check,
  { route, headers }: Probe,
): Promise<{ status: number; body: string }> {
  const target = targetOf(provider.baseUrl, route, "", link);
  if (target === null) {
    throw new Error(`${provider.baseUrl} is no address that can be asked`);
  }
  const departure = new Departure();
  const timer = setTimeout(() => departure.announce(), limitMs);
  try {
    const raw = ["Host", target.server.host, "Accept-Encoding", "identity", ...headers];
    const response = await upstream.ask("GET", target, raw, NOTHING, departure);
    return { status: response.statusCode ?? 0, body: await wholeOf(response, departure) };
  } finally {
    clearTimeout(timer);
  }
}

async function wholeOf(response: IncomingMessage, departure: Departure): Promise<string> {
  const giveUp = () => response.destroy();
  departure.on(giveUp);
  try {
    return (await readBody(response, LARGEST_ANSWER)).toString("utf8");
  } catch (error) {
    throw departure.hasGone ? new ClientGoneError("The answer took too long") : error;
  } finally {
    departure.off(giveUp);
  }
}

function judge(check: Check, probe: Probe, status: number, body: string, latencyMs: number): Checked {
  const { key, provider } = check;
  const said = withoutSecrets(errorMessageOf(body) ?? "");
  const answered = (state: Checked["state"], detail: string): Checked => ({ state, latencyMs, detail });
  const saying = (text: string) => (said === "" ? text : `${text}: ${said}`);
  if (!probe.checksKey) {
    return status < 500
      ? answered("ok", "reachable; its key cannot be checked for free")
      : answered("down", saying(`answered HTTP ${status}`));
  }
  // Google takes a wrong key for a wrong request; a key may be valid and yet not be allowed to list models.
  const isKey = status === 401 || status === 403 || (status === 400 && provider.protocol === "google");
  if (isKey && key === null) {
    return answered("key-missing", "it wants an API key, and there is none");
  }
  if (isKey && !/missing scopes?|insufficient permissions/i.test(said)) {
    return answered("key-wrong", saying(`does not accept the API key (HTTP ${status})`));
  }
  if (status === 429 || status >= 500) {
    return answered("down", saying(`answered HTTP ${status}`));
  }
  if (latencyMs > check.limitMs) {
    return answered("slow", `answered after ${formatDuration(latencyMs)}`);
  }
  if (status >= 300) {
    return answered("ok", isKey ? "reachable; its key may not list models" : "reachable; lists no models");
  }
  return judgeModels(check, probe, body, latencyMs);
}

function judgeModels({ model }: Check, { isWhole }: Probe, body: string, latencyMs: number): Checked {
  const models = modelsIn(body);
  if (model === null || models.length === 0 || models.some((name) => isModel(name, model))) {
    const detail = model === null || models.length === 0 ? "answers" : `serves ${model}`;
    return { state: "ok", latencyMs, detail };
  }
  if (isWhole) {
    const rest = models.length > MOST_NAMED ? `, and ${models.length - MOST_NAMED} more` : "";
    const detail = `does not serve ${model}; it serves ${models.slice(0, MOST_NAMED).join(", ")}${rest}`;
    return { state: "no-model", latencyMs, detail };
  }
  // Long lists come in pages, and aliases stand in none.
  return { state: "ok", latencyMs, detail: "answers" };
}

/** Ollama adds `:latest`, Google `models/`. */
function isModel(listed: string, wanted: string): boolean {
  return listed === wanted || listed === `${wanted}:latest` || listed === `models/${wanted}`;
}

const name = z.object({ id: z.string() }).or(z.object({ name: z.string() }));
const listSchema = z.object({ data: z.array(name) }).or(z.object({ models: z.array(name) }));

function modelsIn(body: string): string[] {
  try {
    const list = listSchema.parse(JSON.parse(body));
    return ("data" in list ? list.data : list.models).map((one) => ("id" in one ? one.id : one.name));
  } catch {
    return [];
  }
}
