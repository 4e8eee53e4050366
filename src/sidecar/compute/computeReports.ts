import type { SummaryGroup } from "../../domain/api.ts";
import { breakEven } from "../../domain/compute/breakEven.ts";
import type { Comparison, ComputeReport, ComputeServer } from "../../domain/computeApi.ts";
import type { Config } from "../../domain/config.ts";
import { type NanoUsd, usdFromNano } from "../../domain/money.ts";
import type { PriceBook } from "../../domain/priceBook.ts";
import type { Rates } from "../../domain/rates.ts";
import { NO_USAGE } from "../../domain/usage.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { ComputeMeter } from "./computeMeter.ts";
import type { StopCommands } from "./stopCommands.ts";

export interface ComputeReportsOptions {
  readonly config: () => Config;
  readonly ledger: Ledger;
  readonly meter: ComputeMeter;
  readonly stopCommands: StopCommands;
  readonly prices: () => PriceBook;
  readonly now: () => number;
  readonly timeZone: () => string;
}

/** A stretch of time in ms since the epoch; null bounds nothing. */
interface Range {
  readonly from: number | null;
  readonly to: number | null;
}

const DAY_MS = 86_400_000;
const QUARTER_HOUR_MS = 900_000;
const TOKENS_PER_MTOK = 1_000_000;

/** What each server that costs by the hour cost, did and spared. */
export class ComputeReports {
  readonly #options: ComputeReportsOptions;

  constructor(options: ComputeReportsOptions) {
    this.#options = options;
  }

  /** `compareWith` stands for what the configuration says of each server. */
  report(range: Range, compareWith?: string): ComputeReport {
    return {
      from: isoOrNull(range.from),
      to: isoOrNull(range.to),
      now: new Date(this.#options.now()).toISOString(),
      timeZone: this.#options.timeZone(),
      servers: this.servers(range, compareWith),
    };
  }

  servers(range: Range, compareWith?: string): ComputeServer[] {
    const { config, ledger, now } = this.#options;
    const metered = Object.entries(config().providers).filter(([, { pricing }]) => pricing.kind === "compute-hour");
    if (metered.length === 0) {
      return [];
    }
    if (metered.every(([provider]) => ledger.lastAccrual(provider) === null)) {
      return metered.map(([provider]) => ({
        ...this.#serverOf(provider, range, undefined, undefined),
        usdPerMTokNow: null,
      }));
    }
    const calls = this.#calls(range);
    // Quarter hours are the least that the books tell apart: this is the last hour, or a little less.
    const lastHour = { from: Math.floor(now() / QUARTER_HOUR_MS) * QUARTER_HOUR_MS - 3 * QUARTER_HOUR_MS, to: null };
    const lately = this.#calls(lastHour);
    return metered.map(([provider, { pricing }]) => {
      const comparedWith = compareWith ?? (pricing.kind === "compute-hour" ? pricing.compareWith : undefined);
      const recent = ledger.computeSums(provider, lastHour.from, null).costNanoUsd;
      return {
        ...this.#serverOf(provider, range, calls.get(provider), comparedWith),
        usdPerMTokNow: usdPerMTok(recent, lately.get(provider)),
      };
    });
  }

  #calls({ from, to }: Range): Map<string, SummaryGroup> {
    const { ledger, timeZone } = this.#options;
    return new Map(ledger.summary("provider", from, to, timeZone()).groups.map((group) => [group.key, group]));
  }

  #serverOf(
    provider: string,
    range: Range,
    calls: SummaryGroup | undefined,
    comparedWith: string | undefined,
  ): Omit<ComputeServer, "usdPerMTokNow"> {
    const { ledger, meter, stopCommands, now } = this.#options;
    const { up, upSince, detail, basis, live } = meter.stateOf(provider);
    const sums = ledger.computeSums(provider, range.from, range.to);
    const { costNanoUsd, sharedNanoUsd, upMs, roundedMs, first } = sums;
    const idleNanoUsd = costNanoUsd - sharedNanoUsd;
    const from = Math.max(range.from ?? 0, first ?? now());
    const days = Math.max(0, Math.min(range.to ?? now(), now()) - from) / DAY_MS;
    const servedTokens = sums.servedPromptTokens + sums.servedOutputTokens;
    return {
      provider,
      up,
      upSince: isoOrNull(upSince),
      detail,
      basis,
      hourlyRateUsd: meter.rateOf(provider)?.usdAt(now()) ?? 0,
      upMs,
      billedMs: upMs + roundedMs,
      busyMs: sums.busyMs,
      unknownMs: sums.unknownMs,
      costNanoUsd,
      idleNanoUsd,
      idleShare: costNanoUsd === 0 ? null : idleNanoUsd / costNanoUsd,
      calls: calls?.calls ?? 0,
      inputTokens: calls?.inputTokens ?? 0,
      cachedInputTokens: calls?.cachedInputTokens ?? 0,
      outputTokens: calls?.outputTokens ?? 0,
      servedTokens: servedTokens === 0 ? null : servedTokens,
      usdPerMTok: usdPerMTok(costNanoUsd, calls),
      live: live === null ? null : { ...live, at: new Date(live.at).toISOString() },
      stopCommand: stopCommands.stateOf(provider),
      comparison: comparedWith === undefined ? null : this.#compare(comparedWith, costNanoUsd, days, calls),
    };
  }

  #compare(name: string, costNanoUsd: NanoUsd, days: number, calls: SummaryGroup | undefined): Comparison {
    const [provider = "", model = ""] = [name.slice(0, name.indexOf("/")), name.slice(name.indexOf("/") + 1)];
    const { inputTokens = 0, cachedInputTokens = 0, outputTokens = 0 } = calls ?? {};
    const rates = this.#ratesOf(provider, model);
    if (rates === null) {
      const actualTokensPerDay = days > 0 ? Math.round((inputTokens + outputTokens) / days) : 0;
      const none = { apiCostNanoUsd: null, tokensPerDay: null, beats: null };
      return { model: name, priced: false, ...none, actualTokensPerDay, mix: "usual" };
    }
    const usage = { ...NO_USAGE, inputTokens, cachedInputTokens, outputTokens };
    return { model: name, priced: true, ...breakEven({ costNanoUsd, days, usage, rates }) };
  }

  /** Of an API's model, also where the API is not among the configured providers. */
  #ratesOf(provider: string, model: string): Rates | null {
    const { prices, config, now } = this.#options;
    if (Object.hasOwn(config().providers, provider)) {
      const priced = prices().lookUp(provider, model, now());
      return priced === null || priced.basis === "compute-hour" ? null : priced.rates;
    }
    const { catalog } = prices();
    const published = catalog.providerOf(provider, "");
    return published === null ? null : (catalog.ratesOf(published, model, now())?.rates?.tiers[0]?.rates ?? null);
  }
}

function usdPerMTok(costNanoUsd: NanoUsd, calls: SummaryGroup | undefined): number | null {
  const tokens = (calls?.inputTokens ?? 0) + (calls?.outputTokens ?? 0);
  return tokens === 0 ? null : (usdFromNano(costNanoUsd) * TOKENS_PER_MTOK) / tokens;
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
