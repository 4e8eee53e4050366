import type { z } from "zod";
import type { Estimate, estimateRequestSchema } from "../domain/api.ts";
import { type CallBound, worstCaseOf } from "../domain/callBound.ts";
import type { Provider } from "../domain/config.ts";
import type { Estimates, estimatesRequestSchema, ModelEstimate } from "../domain/modelApi.ts";
import type { KnownModel } from "../domain/models/registry.ts";
import type { RequestFacts } from "../domain/protocol.ts";
import { HttpError } from "./api/http.ts";
import type { Gatekeeper } from "./gatekeeper.ts";
import { MOST_BYTES_PER_TOKEN } from "./gateway/boundedCall.ts";
import { type CallPrice, type Expectation, priceCall } from "./gateway/priceCall.ts";
import type { Learned } from "./learned.ts";
import type { Models } from "./models.ts";
import { type PlainRequest, plainRequest } from "./plainRequest.ts";
import type { Settings } from "./settings.ts";
import type { TokenCounter } from "./tokens/tokenCounter.ts";

/** What a chat format puts around one message, in tokens, as a rule. */
const CHAT_FORMAT_TOKENS = 8;
/** How long, in ms, calls may wait for estimates to be worked out. */
const LONGEST_STRETCH_MS = 5;

export interface EstimatorOptions {
  readonly settings: Settings;
  readonly learned: Learned;
  readonly models: Models;
  readonly tokenCounter: TokenCounter;
  readonly gatekeeper: Gatekeeper;
  readonly now: () => number;
}

/** A prompt: its text with the tokenizer's count (null where it could not be counted), or its size alone. */
type Prompt =
  | { readonly kind: "text"; readonly text: string; readonly counted: number | null }
  | { readonly kind: "bytes"; readonly bytes: number }
  | { readonly kind: "tokens"; readonly tokens: number };

/** A prompt as it comes in: one of these is there. */
interface GivenPrompt {
  readonly text?: string | undefined;
  readonly promptBytes?: number | undefined;
  readonly inputTokens?: number | undefined;
}

interface Limits {
  readonly maxOutputTokens: number | null;
  readonly expectation: Expectation;
}

/** A prompt on one model: priced, and how its tokens are known. */
interface Priced {
  readonly price: CallPrice;
  readonly facts: Pick<RequestFacts, "inputBoundTokens" | "promptBytes">;
  readonly basis: Estimate["inputBasis"];
  readonly request: PlainRequest | null;
}

/** Says before a call what it would cost. Holds nothing, stores nothing, sends nothing to any provider. */
export class Estimator {
  readonly #options: EstimatorOptions;
  /** Tokens that the tokenizer takes a request of a protocol for, without its text. */
  readonly #frames = new Map<string, number>();
  #stretchBegan = 0;

  constructor(options: EstimatorOptions) {
    this.#options = options;
  }

  /** One prompt on one model, and whether the budgets would let it pass now. @throws HttpError */
  async estimate(wanted: z.output<typeof estimateRequestSchema>): Promise<Estimate> {
    const { gatekeeper, now } = this.#options;
    const { model, maxOutputTokens, cachedShare, caller } = wanted;
    const provider = this.#provider(wanted.provider);
    const prompt = await this.#promptOf(wanted);
    const limits: Limits = { maxOutputTokens, expectation: expectationOf(cachedShare, caller.tool) };
    const priced = await this.#price(wanted.provider, provider, model, prompt, limits);
    const { price, facts, basis } = priced;
    const { bound } = price;
    const attribution = { provider: wanted.provider, model, ...caller };
    const answerTo = ({ bound, usualNanoUsd }: CallPrice) =>
      gatekeeper.gate.preview({ attribution, bound, boundless: false, usualNanoUsd }, now());
    const answer = answerTo(price);
    const undecided =
      answer.kind === "refused" &&
      (basis === "bytes" || (priced.request?.protocol.countRoute ?? null) !== null) &&
      answerTo(this.#atLeast(wanted.provider, priced, limits)).kind !== "refused";
    const worst = bound === null ? null : worstCaseOf(bound, bound.outputLimitTokens);
    return {
      expectedNanoUsd: bound === null ? null : price.expectedNanoUsd,
      worstCaseNanoUsd: answer.kind === "held" && worst !== null ? answer.holdNanoUsd : worst,
      inputTokens: price.expectedInputTokens,
      cachedInputTokens: price.expectedCachedTokens,
      inputBasis: basis,
      inputBoundTokens: facts.inputBoundTokens,
      usualOutputTokens: price.expectedOutputTokens,
      outputLimitTokens: bound?.outputLimitTokens ?? maxOutputTokens,
      clampedOutputTokens: answer.kind === "held" ? answer.clampedOutput : null,
      costBasis: this.#options.settings.prices.lookUp(wanted.provider, model, now())?.basis ?? "unpriced",
      tightestBudget: this.#tightest(attribution)?.name ?? null,
      refusal: answer.kind === "refused" && !undecided ? gatekeeper.refusals.of(answer).message : null,
      undecided,
    };
  }

  /** One or many prompts on one or many models. @throws HttpError where a model is not known. */
  async estimates(wanted: z.output<typeof estimatesRequestSchema>): Promise<Estimates> {
    const { models, settings } = this.#options;
    const registry = await models.registry();
    const named = wanted.models.map((asked) => {
      if (typeof asked !== "string") {
        this.#provider(asked.provider);
        return { asked: asked.model, model: registry.of(asked.provider, asked.model) };
      }
      const [first] = models.find(registry, asked, wanted.provider).models;
      return { asked, model: first as KnownModel };
    });
    const used = named.length > 0 ? [] : await models.mostUsed(registry, wanted.provider);
    const all = [...named, ...used.map((model) => ({ asked: model.model, model }))];
    const { cachedShare, outputTokens, maxOutputTokens, caller } = wanted;
    const cache = expectationOf(cachedShare, caller.tool);
    const expectation = { ...cache, ...(outputTokens === undefined ? {} : { outputTokens }) };
    const sums = all.map(({ asked, model }) => this.#emptySum(asked, model, caller));
    const prompts: GivenPrompt[] =
      wanted.texts?.map((text) => ({ text })) ?? wanted.inputTokens?.map((inputTokens) => ({ inputTokens })) ?? [];
    for (const given of prompts) {
      const prompt = await this.#promptOf(given);
      for (const [index, { model }] of all.entries()) {
        const provider = settings.config.providers[model.provider] as Provider;
        const limits = { maxOutputTokens, expectation };
        const { price, basis } = await this.#price(model.provider, provider, model.model, prompt, limits);
        sums[index] = added(sums[index] as ModelEstimate, price, basis);
      }
    }
    return { prompts: prompts.length, cachedShare: cachedShare ?? null, estimates: sums };
  }

  async #promptOf(given: GivenPrompt): Promise<Prompt> {
    if (given.text !== undefined) {
      const { text } = given;
      return { kind: "text", text, counted: await this.#options.tokenCounter.count(Buffer.from(JSON.stringify(text))) };
    }
    return given.inputTokens === undefined
      ? { kind: "bytes", bytes: given.promptBytes ?? 0 }
      : { kind: "tokens", tokens: given.inputTokens };
  }

  /** The prompt as a request in the provider's own protocol, bounded as the gate would bound it, and priced. */
  async #price(name: string, provider: Provider, model: string, prompt: Prompt, limits: Limits): Promise<Priced> {
    await this.#othersTurn();
    const { margin } = this.#options.learned;
    const { maxOutputTokens: limit, expectation } = limits;
    if (prompt.kind === "tokens") {
      const { tokens } = prompt;
      const request = plainRequest(provider, model, "x".repeat(tokens), limit, tokens);
      return this.#priced(name, model, request, limit, "given", { ...expectation, inputTokens: tokens }, tokens);
    }
    if (prompt.kind === "bytes" || prompt.counted === null) {
      const text = prompt.kind === "bytes" ? "x".repeat(prompt.bytes) : prompt.text;
      const request = plainRequest(provider, model, text, limit);
      return this.#priced(name, model, request, limit, "bytes", expectation, Buffer.byteLength(text));
    }
    const { text, counted } = prompt;
    const atMost = margin.atMost(model, counted + (await this.#frameTokens(provider, model)));
    const request = plainRequest(provider, model, text, limit, atMost);
    const inputTokens = margin.usually(model, counted) + CHAT_FORMAT_TOKENS;
    return this.#priced(name, model, request, limit, "tokenizer", { ...expectation, inputTokens }, atMost);
  }

  #priced(
    name: string,
    model: string,
    request: PlainRequest | null,
    limit: number | null,
    basis: Priced["basis"],
    expectation: Expectation,
    mostTokens: number,
  ): Priced {
    const { settings, learned, now } = this.#options;
    const facts = request?.facts ?? { ...UNMETERED, model, inputBoundTokens: mostTokens, outputLimitTokens: limit };
    return { price: priceCall(settings.prices, learned, name, facts, now(), expectation), facts, basis, request };
  }

  /** The same prompt, of no more tokens than any count could come to. */
  #atLeast(name: string, { request, price, facts }: Priced, { expectation }: Limits): CallPrice {
    const { settings, learned, now } = this.#options;
    if (request === null) {
      return price;
    }
    const textTokens = Math.floor(facts.promptBytes / MOST_BYTES_PER_TOKEN);
    const least = request.protocol.read(request.body, { ...request.context, textTokens });
    return priceCall(settings.prices, learned, name, least, now(), expectation);
  }

  /** What the tokenizer takes an empty request for, keys and all: it stands in the gate's bound too. */
  async #frameTokens(provider: Provider, model: string): Promise<number> {
    let tokens = this.#frames.get(provider.protocol);
    if (tokens === undefined) {
      const body = plainRequest(provider, model, "", 1)?.body ?? Buffer.from("{}");
      tokens = (await this.#options.tokenCounter.count(body)) ?? body.length;
      this.#frames.set(provider.protocol, tokens);
    }
    return tokens;
  }

  #emptySum(asked: string, { provider, model, contextWindowTokens }: KnownModel, caller: object): ModelEstimate {
    const { settings, now } = this.#options;
    const tightest = this.#tightest({ provider, model, tags: [], ...caller });
    return {
      asked,
      provider,
      model,
      inputTokens: 0,
      cachedInputTokens: 0,
      inputBasis: "given",
      usualOutputTokens: 0,
      expectedNanoUsd: 0,
      worstCaseNanoUsd: 0,
      costBasis: settings.prices.lookUp(provider, model, now())?.basis ?? "unpriced",
      contextWindowTokens,
      promptsTooLong: 0,
      tightestBudget: tightest?.name ?? null,
      leftNanoUsd: tightest?.left ?? null,
    };
  }

  #tightest(attribution: Parameters<Gatekeeper["gate"]["accountsFor"]>[0]): { name: string; left: number } | undefined {
    const { gatekeeper, now } = this.#options;
    const [tightest] = gatekeeper.gate
      .accountsFor(attribution, now())
      .toSorted((a, b) => b.spentNanoUsd / b.limitNanoUsd - a.spentNanoUsd / a.limitNanoUsd);
    return tightest === undefined ? undefined : { name: tightest.budget.name, left: Math.max(0, tightest.roomNanoUsd) };
  }

  #provider(name: string): Provider {
    const { providers } = this.#options.settings.config;
    const provider = Object.hasOwn(providers, name) ? providers[name] : undefined;
    if (provider === undefined) {
      throw new HttpError(404, "not_found", `No provider is named ${name}`);
    }
    return provider;
  }

  /** Batches take long: calls come in between. */
  async #othersTurn(): Promise<void> {
    if (performance.now() - this.#stretchBegan > LONGEST_STRETCH_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#stretchBegan = performance.now();
    }
  }
}

/** A share that was given holds, else the one that the tool's calls have shown. */
function expectationOf(cachedShare: number | undefined, tool: string | undefined): Expectation {
  return { tool: tool ?? null, ...(cachedShare === undefined ? {} : { cachedShare }) };
}

/** The facts of a prompt to a provider whose protocol is not metered. */
const UNMETERED = { choices: 1, webSearchBound: 0, serviceTier: null, promptBytes: 0 } as const;

function added(sum: ModelEstimate, price: CallPrice, basis: ModelEstimate["inputBasis"]): ModelEstimate {
  const { bound, expectedInputTokens, expectedCachedTokens, expectedOutputTokens } = price;
  const worst = (known: CallBound) => worstCaseOf(known, known.outputLimitTokens);
  const { contextWindowTokens: room, expectedNanoUsd, worstCaseNanoUsd } = sum;
  return {
    ...sum,
    inputTokens: sum.inputTokens + expectedInputTokens,
    cachedInputTokens: sum.cachedInputTokens + expectedCachedTokens,
    // One that could not be counted makes the sum a guess.
    inputBasis: sum.inputBasis === "bytes" ? "bytes" : basis,
    usualOutputTokens: expectedOutputTokens,
    expectedNanoUsd: bound === null || expectedNanoUsd === null ? null : expectedNanoUsd + price.expectedNanoUsd,
    worstCaseNanoUsd: bound === null || worstCaseNanoUsd === null ? null : worstCaseNanoUsd + worst(bound),
    promptsTooLong: sum.promptsTooLong + (room !== null && expectedInputTokens >= room ? 1 : 0),
  };
}
