import { tierOf, USUAL_TIERS } from "../../domain/backends/backendSettings.ts";
import type { Budget } from "../../domain/budget.ts";
import { type Config, ConfigError } from "../../domain/config.ts";
import { ModelRegistry } from "../../domain/models/registry.ts";
import type { PriceBook } from "../../domain/priceBook.ts";

/** @throws ConfigError where a budget's rule would send calls nowhere. `now` is ms since the epoch. */
export function checkSwitch(
  { switchTo }: Budget,
  { providers, backends }: Config,
  prices: PriceBook,
  now: number,
): void {
  const to = switchTo?.to;
  if (
    to === undefined ||
    (typeof to === "string" && (USUAL_TIERS.includes(to) || tierOf(backends, to) !== undefined))
  ) {
    return;
  }
  if (typeof to !== "string") {
    if (!Object.hasOwn(providers, to.provider)) {
      const known = Object.keys(providers).join(", ");
      throw new ConfigError(`budget.switchTo.to.provider: no provider is named ${to.provider}. Known: ${known}`);
    }
    return;
  }
  if (new ModelRegistry({ providers, prices, served: new Map(), now }).find(to) === null) {
    throw new ConfigError(
      `budget.switchTo.to: ${to} is neither a tier nor a model that is known. Give the provider with it, as PROVIDER/MODEL`,
    );
  }
}
