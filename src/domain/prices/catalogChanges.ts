import type { Rates } from "../rates.ts";
import type { Catalog, FoundModel } from "./catalog.ts";
import type { CatalogModel, CatalogProvider } from "./catalogData.ts";
import { comparable, namesIn, pricesAt } from "./catalogMatch.ts";
import type { CatalogRates } from "./catalogRates.ts";
import { stepBetween } from "./priceStep.ts";

/** A model by the catalogue's names. */
export interface ModelRef {
  readonly provider: string;
  readonly model: string;
}

/** A model whose price another edition tells otherwise. Rates are those of ordinary prompts now; null where there are none. */
export interface PriceChange extends ModelRef {
  readonly before: Rates | null;
  readonly after: Rates | null;
  /** How many times dearer or cheaper the class becomes that changes most, now or at a date to come; null: from or to nothing. */
  readonly factor: number | null;
}

/** What another edition would change. */
export interface CatalogChanges {
  readonly added: readonly ModelRef[];
  /** Models that have no price any more, or none that can be charged. */
  readonly gone: readonly Concerned<ModelRef>[];
  readonly changed: readonly PriceChange[];
  /** Changes that are too great to be believed unseen. */
  readonly jumps: readonly Concerned<PriceChange>[];
}

/** With the names of the model that are concerned; none where the model is new. */
export type Concerned<T extends ModelRef> = T & { readonly names: readonly string[] };

/** A price that becomes more than so many times dearer or cheaper is not taken without consent. */
export const LARGEST_STEP = 2;

const DAY_MS = 86_400_000;

/** Compares an edition with the one in force, by every name that the present entries spell out. `now` is ms since the epoch. */
export function compareCatalogs(present: Catalog, next: Catalog, now: number): CatalogChanges {
  const added: ModelRef[] = [];
  const gone: Concerned<ModelRef>[] = [];
  const changed: PriceChange[] = [];
  const jumps: Concerned<PriceChange>[] = [];
  for (const provider of present.providers) {
    for (const [id, entries] of entriesById(provider)) {
      const ref = { provider: provider.id, model: id };
      const compared = entries.flatMap((model) =>
        namesOf(present, { provider, model }).map((name) => ({
          name,
          ...compareName(present, next, { provider, model }, name, now),
        })),
      );
      const steps = compared.filter(({ factor }) => factor === null || (factor ?? 0) > 1);
      const large = steps.filter(({ factor }) => factor === null || (factor ?? 0) > LARGEST_STEP);
      const worst = steps.reduce<(typeof steps)[number] | undefined>(greater, undefined);
      const lost = compared.filter(({ isGone }) => isGone);
      // An entry whose rules spell out no name of its own can still be what finds others.
      const isLost = compared.length === 0 && !isKnownEntry(next, provider.id, id);
      if (large.length > 0 && worst !== undefined) {
        jumps.push({ ...ref, ...figures(worst), names: [...large, ...lost].map(({ name }) => name) });
      } else if (lost.length > 0 || isLost) {
        gone.push({ ...ref, names: lost.map(({ name }) => name) });
      } else if (worst !== undefined) {
        changed.push({ ...ref, ...figures(worst) });
      }
    }
  }
  for (const provider of next.providers) {
    for (const model of provider.models) {
      if (present.find(provider.id, model.id) === null && !isKnownEntry(present, provider.id, model.id)) {
        const ref = { provider: provider.id, model: model.id };
        const { rates } = next.ratesOfEntry({ provider, model }, now);
        // A price of nothing is the one mistake that takes every limit away.
        if (rates !== null && isFree(rates)) {
          jumps.push({ ...ref, before: null, after: ordinary(rates), factor: null, names: [] });
        } else {
          added.push(ref);
        }
      }
    }
  }
  return { added, gone, changed, jumps };
}

/** A merged edition can have several entries for one model. */
function entriesById({ models }: CatalogProvider): Map<string, CatalogModel[]> {
  const entries = new Map<string, CatalogModel[]>();
  for (const model of models) {
    const same = entries.get(model.id);
    if (same === undefined) {
      entries.set(model.id, [model]);
    } else {
      same.push(model);
    }
  }
  return entries;
}

/** Names under which this entry, and no other before it, is found. */
function namesOf(catalog: Catalog, { provider, model }: FoundModel): string[] {
  const names = [model.id, ...namesIn(model.match).map(({ text }) => text)].map(comparable);
  return [...new Set(names)].filter((name) => catalog.find(provider.id, name)?.model === model);
}

function isKnownEntry(catalog: Catalog, providerId: string, model: string): boolean {
  return catalog.modelsOf(providerId).some(({ id }) => id === model);
}

interface Comparison {
  readonly before: Rates | null;
  readonly after: Rates | null;
  /** 1: the same; null: from or to nothing; undefined: nothing to compare. */
  readonly factor: number | null | undefined;
  readonly isGone: boolean;
}

function compareName(present: Catalog, next: Catalog, known: FoundModel, name: string, now: number): Comparison {
  const found = next.find(known.provider.id, name);
  const before = present.ratesOfEntry(known, now).rates;
  const after = found === null ? null : next.ratesOfEntry(found, now).rates;
  const rates = { before: before && ordinary(before), after: after && ordinary(after) };
  if (before === null) {
    return { ...rates, factor: undefined, isGone: false };
  }
  let factor: number | null = 1;
  for (const at of momentsOf(now, [known.model, ...(found === null ? [] : [found.model])])) {
    if (found === null || next.ratesOfEntry(found, at).rates === null) {
      return { ...rates, factor: undefined, isGone: true };
    }
    const step = stepBetween(pricesAt(known.model, at), pricesAt(found.model, at));
    factor = factor === null || step === null ? null : Math.max(factor, step);
  }
  return { ...rates, factor, isGone: false };
}

/** Now, when dated prices begin that are still to come, and the hours of the day at which prices change. */
function momentsOf(now: number, models: readonly CatalogModel[]): number[] {
  const moments = new Set([now]);
  for (const { prices } of models) {
    for (const { constraint } of Array.isArray(prices) ? prices : []) {
      if (constraint?.type === "start_date") {
        moments.add(Math.max(now, Date.parse(`${constraint.start_date}T00:00:00Z`)));
      } else if (constraint !== undefined) {
        const today = new Date(now).toISOString().slice(0, 10);
        for (const time of [constraint.start_time, constraint.end_time]) {
          const at = Date.parse(`${today}T${time}`);
          moments.add(at < now ? at + DAY_MS : at);
        }
      }
    }
  }
  return [...moments];
}

function ordinary({ tiers }: CatalogRates): Rates {
  return tiers[0]?.rates as Rates;
}

function isFree({ tiers }: CatalogRates): boolean {
  return tiers.every(({ rates }) => {
    const { webSearchNanoUsd: _, ...tokens } = rates;
    return Object.values(tokens).every((rate) => rate === 0);
  });
}

function figures({ before, after, factor }: Comparison): Omit<PriceChange, keyof ModelRef> {
  return { before, after, factor: factor ?? null };
}

function greater<T extends Comparison>(worst: T | undefined, one: T): T {
  const size = ({ factor }: T) => (factor === null ? Number.POSITIVE_INFINITY : (factor ?? 0));
  return worst === undefined || size(one) > size(worst) ? one : worst;
}
