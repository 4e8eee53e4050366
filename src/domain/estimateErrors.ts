import type { NanoUsd } from "./money.ts";
import { RecentValues } from "./recentValues.ts";

/** How far estimates were from what calls cost, as shares of what they cost: 0.1 is ten percent. */
export interface EstimateError {
  /** How many calls this rests on, 200 at most. */
  readonly calls: number;
  /** The mean of the errors' sizes. */
  readonly meanAbsoluteShare: number;
  /** The mean of the errors with their signs: above 0 where estimates were too high. */
  readonly biasShare: number;
}

interface Compared {
  readonly provider: string;
  readonly model: string;
  readonly shares: RecentValues;
}

/** Compares what calls of each provider and model were expected to cost with what they did cost. */
export class EstimateErrors {
  /** By the provider's name, which has no slash, and the model's. */
  readonly #compared = new Map<string, Compared>();

  /** Calls that cost nothing say nothing about estimates. */
  observe(provider: string, model: string, expectedNanoUsd: NanoUsd, costNanoUsd: NanoUsd): void {
    if (costNanoUsd <= 0) {
      return;
    }
    const key = `${provider}/${model}`;
    let compared = this.#compared.get(key);
    if (compared === undefined) {
      compared = { provider, model, shares: new RecentValues() };
      this.#compared.set(key, compared);
    }
    compared.shares.add((expectedNanoUsd - costNanoUsd) / costNanoUsd);
  }

  /** Null where no call has been compared. */
  of(provider: string, model: string): EstimateError | null {
    const compared = this.#compared.get(`${provider}/${model}`);
    return compared === undefined ? null : errorOf(compared);
  }

  all(): Array<EstimateError & { readonly provider: string; readonly model: string }> {
    return [...this.#compared.values()].map((compared) => {
      const { provider, model } = compared;
      return { provider, model, ...errorOf(compared) };
    });
  }
}

function errorOf({ shares }: Compared): EstimateError {
  return { calls: shares.count, meanAbsoluteShare: mean(shares.all.map(Math.abs)), biasShare: mean(shares.all) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
