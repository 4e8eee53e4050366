import type { z } from "zod";
import type { Estimate, estimateRequestSchema } from "../../domain/api.ts";
import { worstCaseOf } from "../../domain/callBound.ts";
import type { Provider } from "../../domain/config.ts";
import type { PriceBook } from "../../domain/priceBook.ts";
import { protocolFor } from "../../domain/protocols/families.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import { type PricedFacts, priceCall } from "../gateway/priceCall.ts";
import type { Learned } from "../learned.ts";

interface EstimateTools {
  readonly provider: Provider;
  readonly prices: PriceBook;
  readonly learned: Learned;
  readonly gatekeeper: Gatekeeper;
  readonly now: number;
}

type Wanted = z.output<typeof estimateRequestSchema>;

/** What a prompt would cost, and whether the budgets would let it pass now. Holds nothing. */
export function estimateCall(tools: EstimateTools, wanted: Wanted): Estimate {
  const { prices, learned, gatekeeper, now } = tools;
  const { provider, model } = wanted;
  const facts = factsOf(tools.provider, wanted);
  const { bound, expectedNanoUsd, expectedInputTokens } = priceCall(prices, learned, provider, facts, now);
  const attribution = { provider, model, ...wanted.caller };
  const answer = gatekeeper.gate.preview({ attribution, bound, expectedNanoUsd }, now);
  const [tightest] = gatekeeper.gate
    .accountsFor(attribution, now)
    .toSorted((a, b) => b.spentNanoUsd / b.limitNanoUsd - a.spentNanoUsd / a.limitNanoUsd);
  const worst = bound === null ? null : worstCaseOf(bound, bound.outputLimitTokens);
  return {
    expectedNanoUsd: bound === null ? null : expectedNanoUsd,
    worstCaseNanoUsd: answer.kind === "held" && worst !== null ? answer.holdNanoUsd : worst,
    inputTokens: expectedInputTokens,
    inputBoundTokens: facts.inputBoundTokens,
    outputLimitTokens: bound?.outputLimitTokens ?? wanted.maxOutputTokens,
    clampedOutputTokens: answer.kind === "held" ? answer.clampedOutput : null,
    costBasis: prices.lookUp(provider, model, now)?.basis ?? "unpriced",
    tightestBudget: tightest?.budget.name ?? null,
    refusal: answer.kind === "refused" ? gatekeeper.refusalOf(answer).message : null,
  };
}

/** The prompt's facts as the gate will read them: from a request of the same size in the provider's own protocol. */
function factsOf(
  { protocol: family, baseUrl }: Provider,
  { model, promptBytes, messages, maxOutputTokens }: Wanted,
): PricedFacts {
  const route = family === "anthropic" ? "/v1/messages" : "/chat/completions";
  const found = protocolFor(family, "POST", route, baseUrl);
  const limit =
    maxOutputTokens === null
      ? {}
      : { [family === "anthropic" ? "max_tokens" : "max_completion_tokens"]: maxOutputTokens };
  const request = {
    model,
    messages: Array.from({ length: Math.max(1, messages) }, (_, index) => ({
      role: "user",
      content: index === 0 ? "x".repeat(promptBytes) : "",
    })),
    ...limit,
    stream: true,
  };
  if (found?.kind !== "metered") {
    const none = { choices: 1, webSearchBound: 0, serviceTier: null };
    return { model, inputBoundTokens: promptBytes, outputLimitTokens: maxOutputTokens, promptBytes, ...none };
  }
  return { ...found.protocol.read(Buffer.from(JSON.stringify(request))), promptBytes };
}
