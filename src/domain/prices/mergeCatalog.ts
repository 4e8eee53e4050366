import { Catalog } from "./catalog.ts";
import {
  type CatalogChanges,
  type Concerned,
  compareCatalogs,
  type ModelRef,
  type PriceChange,
} from "./catalogChanges.ts";
import { CatalogError, type CatalogModel, type CatalogProvider, countModels } from "./catalogData.ts";
import { comparable, namesIn } from "./catalogMatch.ts";

/** An edition made of the present one and a published copy. */
export interface MergedCatalog {
  readonly providers: CatalogProvider[];
  readonly changes: CatalogChanges;
  /** Of the jumps, those that wait for consent: until then the present price stands, or none. */
  readonly heldBack: readonly Concerned<PriceChange>[];
}

/** A copy that lacks more than this share of the present models is taken for a mistake. */
const LARGEST_LOSS = 0.2;

export function refName({ provider, model }: ModelRef): string {
  return `${provider}/${model}`;
}

/**
 * What is to be in force after a copy was published: its prices, but for jumps without consent, and for models that it does
 * not list any more, which keep the last price they had. Providers that are known keep the addresses they are known by.
 * `isAccepted` tells which jumps may be taken.
 * @throws CatalogError where the copy cannot be taken for a catalogue at all
 */
export function mergeCatalog(
  present: Catalog,
  published: readonly CatalogProvider[],
  isAccepted: (jump: ModelRef) => boolean,
  now: number,
): MergedCatalog {
  const changes = compareCatalogs(present, new Catalog("published", published), now);
  const known = countModels(present.providers);
  if (changes.gone.length > known * LARGEST_LOSS) {
    throw new CatalogError(`it lacks ${changes.gone.length} of the ${known} models that are known`);
  }
  const heldBack = changes.jumps.filter((jump) => !isAccepted(jump));
  const standing = [...heldBack, ...changes.gone];
  const providers = published.map((fresh) => {
    const old = present.providers.find(({ id }) => id === fresh.id);
    const own = standing.filter(({ provider }) => provider === fresh.id);
    return old === undefined ? withoutNew(fresh, own) : mergeProvider(old, fresh, own);
  });
  const missing = present.providers.filter(({ id }) => !published.some((fresh) => fresh.id === id));
  const merged = [...providers, ...missing];
  // Whatever the rules of the entries do to each other: nothing else moves.
  const left = compareCatalogs(present, new Catalog("merged", merged), now);
  const accepted = new Set(changes.jumps.filter(isAccepted).map(refName));
  if (left.gone.length > 0 || left.jumps.some((jump) => !accepted.has(refName(jump)))) {
    throw new CatalogError("its entries cannot be told from each other");
  }
  return { providers: merged, changes, heldBack };
}

/** `standing` are models that keep the price they have: by each of their names, whichever entry would tell another now. */
function mergeProvider(
  old: CatalogProvider,
  fresh: CatalogProvider,
  standing: readonly Concerned<ModelRef>[],
): CatalogProvider {
  const { provider_match: alias } = old;
  const published = withoutNew(fresh, standing).models;
  const entries = standing.flatMap(({ model, names }) => {
    // Where an entry stands twice already, its own rules are those of the last.
    const entry = old.models.findLast(({ id }) => id === model);
    return entry === undefined ? [] : [{ entry, names, same: published.find(({ id }) => id === model) }];
  });
  const prices = new Map(entries.map(({ entry }) => [entry.id, entry.prices]));
  return {
    ...fresh,
    api_pattern: old.api_pattern,
    ...(alias === undefined ? {} : { provider_match: alias }),
    models: [
      ...entries.map(({ entry, names, same }) => underNames(same ?? entry, entry.prices, names)),
      ...published.map((model) => ({ ...model, prices: prices.get(model.id) ?? model.prices })),
      // What nothing else matches is still found by their rules.
      ...entries.filter(({ same }) => same === undefined).map(({ entry }) => entry),
    ],
  };
}

/** An entry that only these names find, and those that it spells out itself; in one order, so that merging again changes nothing. */
function underNames(model: CatalogModel, prices: CatalogModel["prices"], names: readonly string[]): CatalogModel {
  const own = namesIn(model.match).map(({ text }) => comparable(text));
  const all = [...new Set([...names, ...own])].sort();
  return { ...model, match: { or: all.map((name) => ({ equals: name })) }, prices };
}

/** Without the new models that wait for consent. */
function withoutNew(provider: CatalogProvider, standing: readonly Concerned<ModelRef>[]): CatalogProvider {
  const fresh = new Set(standing.filter(({ names }) => names.length === 0).map(({ model }) => model));
  return { ...provider, models: provider.models.filter(({ id }) => !fresh.has(id)) };
}
