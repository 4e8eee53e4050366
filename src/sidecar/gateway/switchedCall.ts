import { type Backend, backendInWords } from "../../domain/backends/backendSettings.ts";
import type { StandsInFor } from "../../domain/backends/standsInFor.ts";
import type { Attribution } from "../../domain/budget.ts";
import type { Config, Provider } from "../../domain/config.ts";
import type { AddressedRequest, RequestContext, RequestFacts } from "../../domain/protocol.ts";
import { isDeployed, withoutDeployment } from "../../domain/protocols/azureDeployment.ts";
import { keptInRegion } from "../../domain/protocols/bedrockPath.ts";
import { protocolFor } from "../../domain/protocols/families.ts";
import type { BudgetSwitch, BudgetSwitches } from "../backends/budgetSwitches.ts";
import { LinkError, type Links } from "../links.ts";
import { KEY_HEADERS } from "./headers.ts";
import type { MeteredPassage } from "./passage.ts";
import { type Target, targetOf } from "./route.ts";

export interface SwitchingOptions {
  readonly switches: BudgetSwitches;
  readonly links: Links;
  readonly config: () => Config;
  readonly log: (message: string) => void;
}

/** A call that goes to another model than its client asked for. */
export interface SwitchedCall {
  readonly passage: MeteredPassage;
  readonly body: Buffer;
  readonly standsInFor: StandsInFor;
}

/** A request as it came: its bytes, and what they say. */
interface Asked {
  readonly body: Buffer;
  readonly facts: RequestFacts;
  readonly context: RequestContext;
}

/**
 * The call as a budget's rule has it; null where it goes as it came. It goes to another provider only where that one speaks the
 * same protocol and is free or paid by the hour: the client's key is for its own provider and stays here.
 */
export function switchedCall(
  options: SwitchingOptions,
  passage: MeteredPassage,
  asked: Asked,
  attribution: Attribution,
  now: number,
): SwitchedCall | null {
  if (passage.protocol.forModel === undefined) {
    return null;
  }
  const found = options.switches.for(attribution, now);
  if (found === null) {
    return null;
  }
  const { provider, model } = attribution;
  const switched =
    found.backend.provider === provider
      ? atOwnProvider(options, passage, asked, found, provider)
      : elsewhere(options, passage, asked, found.backend, provider);
  return switched === null
    ? null
    : { ...switched, standsInFor: { provider, model, why: "budget", budget: found.budget } };
}

type Moved = Omit<SwitchedCall, "standsInFor">;

function atOwnProvider(
  { config }: SwitchingOptions,
  passage: MeteredPassage,
  { body, facts, context }: Asked,
  { backend, isGuess }: BudgetSwitch,
  providerName: string,
): Moved | null {
  const { target, protocol } = passage;
  const { baseUrl } = target.server;
  const asked: AddressedRequest = { baseUrl, route: target.route, body };
  // Nobody knows what a deployment is called that serves such a model.
  if (isGuess && isDeployed(asked)) {
    return null;
  }
  const family = (config().providers[providerName] as Provider).protocol;
  const model = isGuess && family === "bedrock" ? keptInRegion(backend.model, facts.model) : backend.model;
  const moved = model === facts.model ? null : (protocol.forModel?.(asked, facts, context, model) ?? null);
  if (moved === null || (moved.baseUrl === baseUrl && moved.route === target.route)) {
    return moved === null ? null : { passage, body: moved.body };
  }
  return arrived(passage, family, moved, targetOf(moved.baseUrl, moved.route, target.search, target.link));
}

function elsewhere(
  { links, config, log }: SwitchingOptions,
  passage: MeteredPassage,
  { body, facts, context }: Asked,
  backend: Backend,
  from: string,
): Moved | null {
  const { providers } = config();
  const to = providers[backend.provider] as Provider;
  const isKeyless = to.pricing.kind === "free" || to.pricing.kind === "compute-hour";
  if (to.protocol !== providers[from]?.protocol || !isKeyless) {
    return null;
  }
  const { target, protocol } = passage;
  const [asked, known] = withoutDeployment({ baseUrl: to.baseUrl, route: target.route, body }, facts);
  const moved = protocol.forModel?.(asked, known, context, backend.model) ?? null;
  if (moved === null) {
    return null;
  }
  try {
    const own = links.of(backend.provider, to);
    const link = { headers: own?.headers ?? [], tls: own?.tls ?? null, withoutHeaders: KEY_HEADERS };
    // The query is the first host's own where its address was.
    const search = asked.route === target.route ? withoutKeys(target.search) : "";
    const there = { ...passage, providerName: backend.provider };
    return arrived(there, to.protocol, moved, targetOf(moved.baseUrl, moved.route, search, link));
  } catch (error) {
    if (error instanceof LinkError) {
      log(`A call was not switched to ${backendInWords(backend)}: ${error.message}`);
      return null;
    }
    throw error;
  }
}

/** Google takes keys in the query as well. */
function withoutKeys(search: string): string {
  const kept = search
    .slice(1)
    .split("&")
    .filter((part) => !/^(key|api[-_]?key|access_token)=/i.test(part));
  return kept.join("&") === "" ? "" : `?${kept.join("&")}`;
}

/** The call where it goes now, as that place's own protocol reads it. */
function arrived(
  passage: MeteredPassage,
  family: Provider["protocol"],
  { baseUrl, body }: AddressedRequest,
  target: Target | null,
): Moved | null {
  const method = passage.request.method ?? "POST";
  const route = target === null ? null : protocolFor(family, method, target.route, baseUrl);
  return target === null || route?.kind !== "metered"
    ? null
    : { passage: { ...passage, target, protocol: route.protocol }, body };
}
