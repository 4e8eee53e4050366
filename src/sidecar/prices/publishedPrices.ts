import type { Config } from "../../domain/config.ts";
import type { PricesState, PriceUpdate } from "../../domain/priceApi.ts";
import { builtInCatalog, CATALOG_DATE, CATALOG_VERSION } from "../../domain/prices/builtInCatalog.ts";
import { Catalog } from "../../domain/prices/catalog.ts";
import type { ModelRef, PriceChange } from "../../domain/prices/catalogChanges.ts";
import { CatalogError, type CatalogProvider, parseCatalog } from "../../domain/prices/catalogData.ts";
import { type MergedCatalog, mergeCatalog, refName } from "../../domain/prices/mergeCatalog.ts";
import { editionOf, type KeptPrices, PriceFile } from "./priceFile.ts";
import { fetchPrices, PriceSourceError } from "./priceSource.ts";

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
/** After an attempt that failed. */
const RETRY_MS = 6 * HOUR_MS;

export interface PublishedPricesOptions {
  readonly dataDir: string;
  readonly config: () => Config;
  readonly now: () => number;
  readonly log: (message: string) => void;
  /** Called when another edition is in force, with who brought it. */
  readonly changed: (by: string) => Promise<void>;
}

export interface UpdateRequest {
  readonly accept: "all" | readonly string[];
  readonly dryRun: boolean;
  readonly by: string;
}

/** A name that was to be accepted is not held back. */
export class NothingHeldBackError extends Error {
  override readonly name = "NothingHeldBackError";
}

/** The copy that an update works with: what a source sent, or what is at hand already. */
interface Copy {
  readonly providers: CatalogProvider[];
  readonly etag: string | null;
  readonly fetchedAt: number;
  readonly checkedAt: number;
}

/**
 * The published prices in force: those that come with Tollgate, or a newer copy that was fetched because somebody asked,
 * or because the configuration says so. A copy is believed only as far as it resembles what is known.
 */
export class PublishedPrices {
  readonly #options: PublishedPricesOptions;
  readonly #file: PriceFile;
  readonly #closing = new AbortController();
  #kept: KeptPrices | null = null;
  #damage: string | null = null;
  #trouble: string | null = null;
  #triedAt = Number.NEGATIVE_INFINITY;
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: PublishedPricesOptions) {
    this.#options = options;
    this.#file = new PriceFile(options.dataDir);
    this.#open();
  }

  get catalog(): Catalog {
    return this.#kept?.catalog ?? builtInCatalog();
  }

  get notices(): readonly string[] {
    return this.#damage === null ? [] : [this.#damage];
  }

  state(): PricesState {
    const { pricesSource, priceUpdates } = this.#options.config();
    const kept = this.#kept;
    return {
      version: this.catalog.version,
      builtInVersion: CATALOG_VERSION,
      source: pricesSource,
      updates: priceUpdates,
      fetchedAt: kept === null ? null : new Date(kept.fetchedAt).toISOString(),
      checkedAt: kept === null ? null : new Date(kept.checkedAt).toISOString(),
      heldBack: (kept?.heldBack ?? []).map(plainChange),
      trouble: this.#trouble,
    };
  }

  /**
   * Takes what is newer, but for jumps that nobody has accepted. One update after the other.
   * @throws PriceSourceError, CatalogError, NothingHeldBackError; then the prices at hand stay in force
   */
  update(request: UpdateRequest): Promise<PriceUpdate> {
    const run = this.#queue.then(() => this.#update(request));
    this.#queue = run.catch(() => undefined);
    return run;
  }

  /** Looks after weekly updates, if they are wanted, from now on. */
  start(): void {
    this.reconsider();
    this.#timer = setInterval(() => this.reconsider(), HOUR_MS);
    this.#timer.unref();
  }

  /** To be called when the configuration has changed, too. */
  reconsider(): void {
    if (this.#closing.signal.aborted || !this.#isDue()) {
      return;
    }
    this.#triedAt = this.#options.now();
    this.update({ accept: [], dryRun: false, by: "weekly update" }).catch((error: unknown) => {
      this.#options.log(`The published prices could not be updated: ${messageOf(error)}`);
    });
  }

  stop(): void {
    this.#closing.abort();
    if (this.#timer !== null) {
      clearInterval(this.#timer);
    }
  }

  #open(): void {
    const opened = this.#file.open();
    if (opened.kind === "damaged") {
      this.#damage = opened.notice;
      this.#options.log(opened.notice);
    }
    // A newer Tollgate can bring prices that are newer than a copy from before.
    if (opened.kind === "kept" && !isOutdated(opened.prices)) {
      this.#kept = opened.prices;
    }
  }

  #isDue(): boolean {
    const now = this.#options.now();
    const { priceUpdates, pricesSource } = this.#options.config();
    const isKept = this.#kept !== null && this.#kept.source === pricesSource;
    const since = now - (isKept ? (this.#kept?.checkedAt ?? 0) : 0);
    const sinceTry = now - this.#triedAt;
    // A clock that was set back is no reason to wait.
    return priceUpdates === "weekly" && (since >= WEEK_MS || since < 0) && (sinceTry >= RETRY_MS || sinceTry < 0);
  }

  async #update(request: UpdateRequest): Promise<PriceUpdate> {
    try {
      const result = await this.#take(request);
      this.#trouble = null;
      return result;
    } catch (error) {
      if (!(error instanceof NothingHeldBackError)) {
        this.#trouble = messageOf(error);
      }
      throw error;
    }
  }

  async #take({ accept, dryRun, by }: UpdateRequest): Promise<PriceUpdate> {
    const copy = await this.#copy(accept.length > 0);
    const isAccepted = (ref: ModelRef) => accept === "all" || accept.includes(refName(ref));
    const merged = this.#merge(copy.providers, isAccepted);
    if (accept !== "all") {
      const stranger = accept.find((name) => !merged.changes.jumps.some((jump) => refName(jump) === name));
      if (stranger !== undefined) {
        throw new NothingHeldBackError(
          `${stranger} is not held back. See what is with: tollgate prices diff --held-back`,
        );
      }
    }
    if (dryRun) {
      return this.#told("compared", merged);
    }
    const providers = parseCatalog(merged.providers);
    const isSame = JSON.stringify(providers) === JSON.stringify(this.catalog.providers);
    this.#keep(copy, isSame ? this.catalog : new Catalog(editionOf(providers, copy.fetchedAt), providers), merged);
    if (!isSame) {
      this.#options.log(`The published prices are ${this.catalog.version} now, from ${this.#kept?.source} (${by})`);
      await this.#options.changed(by);
    }
    return this.#told(isSame ? "unchanged" : "updated", merged);
  }

  /** What was held back is accepted as it was seen: then nothing else is fetched. */
  async #copy(accepting: boolean): Promise<Copy> {
    const { pricesSource: source } = this.#options.config();
    const kept = this.#kept?.source === source ? this.#kept : null;
    if (kept !== null && accepting && kept.heldBack.length > 0) {
      return { ...kept, providers: kept.published() };
    }
    const now = this.#options.now();
    const fetched = await fetchPrices(source, kept?.etag ?? null, this.#closing.signal);
    if (fetched.kind === "same") {
      if (kept === null) {
        throw new PriceSourceError(`${source} sends nothing. The prices at hand stay in force.`);
      }
      return { ...kept, providers: kept.published(), checkedAt: now };
    }
    return { providers: readCopy(source, fetched.text), etag: fetched.etag, fetchedAt: now, checkedAt: now };
  }

  #merge(published: readonly CatalogProvider[], isAccepted: (ref: ModelRef) => boolean): MergedCatalog {
    try {
      return mergeCatalog(this.catalog, published, isAccepted, this.#options.now());
    } catch (error) {
      throw error instanceof CatalogError
        ? new CatalogError(`The fetched prices are not taken: ${error.message}. The prices at hand stay in force.`)
        : error;
    }
  }

  #keep({ providers, etag, fetchedAt, checkedAt }: Copy, catalog: Catalog, { heldBack }: MergedCatalog): void {
    const { pricesSource: source } = this.#options.config();
    const about = { source, etag, fetchedAt, checkedAt, builtIn: CATALOG_VERSION, heldBack, catalog };
    this.#kept = this.#file.write(about, providers);
    this.#damage = null;
  }

  #told(outcome: PriceUpdate["outcome"], { changes, heldBack }: MergedCatalog): PriceUpdate {
    const waiting = new Set(heldBack.map(refName));
    const taken = changes.jumps.filter((jump) => !waiting.has(refName(jump)));
    return {
      ...this.state(),
      outcome,
      heldBack: heldBack.map(plainChange),
      added: changes.added.map(plainRef),
      gone: changes.gone.map(plainRef),
      changed: [...changes.changed, ...taken].map(plainChange),
    };
  }
}

function isOutdated({ builtIn, fetchedAt }: KeptPrices): boolean {
  return builtIn !== CATALOG_VERSION && fetchedAt < Date.parse(`${CATALOG_DATE}T00:00:00Z`);
}

function readCopy(source: string, text: string): CatalogProvider[] {
  try {
    return parseCatalog(JSON.parse(text));
  } catch (error) {
    throw new CatalogError(
      `What ${source} sends is not a catalogue of prices (${messageOf(error)}). The prices at hand stay in force.`,
    );
  }
}

function plainRef({ provider, model }: ModelRef): ModelRef {
  return { provider, model };
}

function plainChange({ provider, model, before, after, factor }: PriceChange): PriceChange {
  return { provider, model, before, after, factor };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
