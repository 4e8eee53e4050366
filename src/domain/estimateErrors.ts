import type { NanoUsd } from "./money.ts";

/** Calls remembered for each model. */
const REMEMBERED = 200;

/** How far estimates were from what calls cost, as shares of what they cost: 0.1 is ten percent. */
export interface EstimateError {
  /** How many calls this rests on, 200 at most. */
  readonly calls: number;
  /** The mean of the errors' sizes. */
  readonly meanAbsoluteShare: number;
  /** The mean of the errors with their signs: above 0 where estimates were too high. */
  readonly biasShare: number;
}

/** Compares what calls of each provider and model were expected to cost with what they did cost. */
export class EstimateErrors {
  readonly #shares = new Map<string, number[]>();

  /** Calls that cost nothing say nothing about estimates. */
  observe(provider: string, model: string, expectedNanoUsd: NanoUsd, costNanoUsd: NanoUsd): void {
    if (costNanoUsd <= 0) {
      return;
    }
    const key = keyOf(provider, model);
    const shares = this.#shares.get(key) ?? [];
    shares.push((expectedNanoUsd - costNanoUsd) / costNanoUsd);
    if (shares.length > REMEMBERED) {
      shares.shift();
    }
    this.#shares.set(key, shares);
  }

  /** Null where no call has been compared. */
  of(provider: string, model: string): EstimateError | null {
    const shares = this.#shares.get(keyOf(provider, model));
    return shares === undefined
      ? null
      : { calls: shares.length, meanAbsoluteShare: mean(shares.map(Math.abs)), biasShare: mean(shares) };
  }

  all(): Array<EstimateError & { readonly provider: string; readonly model: string }> {
    return [...this.#shares.keys()].map((key) => {
      const [provider = "", model = ""] = JSON.parse(key) as string[];
      return { provider, model, ...(this.of(provider, model) as EstimateError) };
    });
  }
}

function keyOf(provider: string, model: string): string {
  return JSON.stringify([provider, model]);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
