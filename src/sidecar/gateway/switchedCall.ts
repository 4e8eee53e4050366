import { backendInWords } from "../../domain/backends/backendSettings.ts";
import type { StandsInFor } from "../../domain/backends/standsInFor.ts";
import type { Attribution } from "../../domain/budget.ts";
import type { Config, Provider } from "../../domain/config.ts";
import type { RequestFacts } from "../../domain/protocol.ts";
import { protocolFor } from "../../domain/protocols/families.ts";
import { withMembers } from "../../domain/protocols/jsonEdit.ts";
import type { BudgetSwitches } from "../backends/budgetSwitches.ts";
import { LinkError, type Links } from "../links.ts";
import { KEY_HEADERS } from "./headers.ts";
import type { MeteredPassage } from "./passage.ts";
import { targetOf } from "./route.ts";

/** Wire formats whose body names a model that another can stand in for: an embedding of another model is of no use. */
const SWITCHABLE = new Set([
  "openai-chat",
  "openai-responses",
  "openai-completions",
  "anthropic-messages",
  "ollama-chat",
  "ollama-generate",
  "cohere-chat",
]);

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

/**
 * The call as a budget's rule has it; null where it goes as it came. It goes to another provider only where that one speaks the
 * same protocol and is free or paid by the hour: the client's key is for its own provider and stays here.
 */
export function switchedCall(
  { switches, links, config, log }: SwitchingOptions,
  passage: MeteredPassage,
  body: Buffer,
  facts: RequestFacts,
  attribution: Attribution,
  now: number,
): SwitchedCall | null {
  if (!SWITCHABLE.has(passage.protocol.name) || !facts.members.has("model")) {
    return null;
  }
  const found = switches.for(attribution, now);
  if (found === null) {
    return null;
  }
  const { backend, budget } = found;
  const { provider, model } = attribution;
  const standsInFor: StandsInFor = { provider, model, why: "budget", budget };
  const rewritten = () => withMembers(body, facts.members, { model: JSON.stringify(backend.model) });
  if (backend.provider === provider) {
    return { passage, body: rewritten(), standsInFor };
  }
  const { providers } = config();
  const to = providers[backend.provider] as Provider;
  const isKeyless = to.pricing.kind === "free" || to.pricing.kind === "compute-hour";
  if (to.protocol !== providers[provider]?.protocol || !isKeyless) {
    return null;
  }
  try {
    const own = links.of(backend.provider, to);
    const link = { headers: own?.headers ?? [], tls: own?.tls ?? null, withoutHeaders: KEY_HEADERS };
    const target = targetOf(to.baseUrl, passage.target.route, passage.target.search, link);
    const protocol = protocolFor(to.protocol, passage.request.method ?? "POST", passage.target.route, to.baseUrl);
    if (target === null || protocol?.kind !== "metered") {
      return null;
    }
    const elsewhere = { ...passage, providerName: backend.provider, target, protocol: protocol.protocol };
    return { passage: elsewhere, body: rewritten(), standsInFor };
  } catch (error) {
    if (error instanceof LinkError) {
      log(`A call was not switched to ${backendInWords(backend)}: ${error.message}`);
      return null;
    }
    throw error;
  }
}
