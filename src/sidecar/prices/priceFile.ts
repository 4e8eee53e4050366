import { createHash } from "node:crypto";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseNamed } from "../../domain/config.ts";
import { priceChangeSchema } from "../../domain/priceApi.ts";
import { Catalog } from "../../domain/prices/catalog.ts";
import type { Concerned, PriceChange } from "../../domain/prices/catalogChanges.ts";
import { type CatalogProvider, parseCatalog } from "../../domain/prices/catalogData.ts";
import { isMissing, writePrivately } from "../dataFolder.ts";

const PRICES_FILE = "prices.json";

/** A copy of the published prices as it is kept. Times are ms since the epoch. */
export interface KeptPrices {
  readonly source: string;
  readonly etag: string | null;
  readonly fetchedAt: number;
  /** When the source last said that nothing is newer. */
  readonly checkedAt: number;
  /** The built-in edition that it was first compared with. */
  readonly builtIn: string;
  /** What of the copy waits for consent. */
  readonly heldBack: readonly Concerned<PriceChange>[];
  readonly catalog: Catalog;
  /** The copy as it was published, with what is held back. */
  published(): CatalogProvider[];
}

const fileSchema = z.object({
  format: z.literal(1),
  source: z.string(),
  etag: z.string().nullable(),
  fetchedAt: z.int(),
  checkedAt: z.int(),
  builtIn: z.string(),
  version: z.string().min(1),
  heldBack: z.array(priceChangeSchema.extend({ names: z.array(z.string()) })),
  /** Both as JSON texts, so that a start reads only the one that it needs. */
  inForce: z.string(),
  published: z.string(),
  sha256: z.string(),
});

export type OpenedPrices =
  | { readonly kind: "none" }
  | { readonly kind: "kept"; readonly prices: KeptPrices }
  | { readonly kind: "damaged"; readonly notice: string };

/** The last good copy of the published prices. One that cannot be read is set aside, never deleted. */
export class PriceFile {
  readonly path: string;

  constructor(dataDir: string) {
    this.path = join(dataDir, PRICES_FILE);
  }

  open(): OpenedPrices {
    let text: string;
    try {
      text = readFileSync(this.path, "utf8");
    } catch (error) {
      return isMissing(error) ? { kind: "none" } : this.#damaged(error);
    }
    try {
      return { kind: "kept", prices: readKept(text) };
    } catch (error) {
      return this.#damaged(error);
    }
  }

  /** Keeps a copy for this user alone. @throws where the disk takes nothing; then the old copy stands. */
  write(kept: Omit<KeptPrices, "published">, published: readonly CatalogProvider[]): KeptPrices {
    const { catalog, ...about } = kept;
    const texts = { inForce: JSON.stringify(catalog.providers), published: JSON.stringify(published) };
    const file = { format: 1, ...about, version: catalog.version, ...texts, sha256: hashOf(texts) };
    writePrivately(this.path, `${JSON.stringify(file)}\n`);
    return { ...kept, published: () => [...published] };
  }

  #damaged(error: unknown): OpenedPrices {
    const why = error instanceof Error ? error.message : String(error);
    const aside = `${this.path}.damaged`;
    let where = `stays at ${this.path}`;
    try {
      renameSync(this.path, aside);
      where = `was set aside as ${aside}`;
    } catch {
      // Said in the notice.
    }
    const notice = `The copy of the published prices cannot be read (${why}) and ${where}. The prices that come with Tollgate are used; fetch others with: tollgate prices update`;
    return { kind: "damaged", notice };
  }
}

function readKept(text: string): KeptPrices {
  const {
    inForce,
    published,
    version,
    sha256,
    format: _,
    ...about
  } = parseNamed(fileSchema, JSON.parse(text), undefined, "the file");
  if (sha256 !== hashOf({ inForce, published })) {
    throw new Error("its checksum is wrong");
  }
  return {
    ...about,
    catalog: new Catalog(version, parseCatalog(JSON.parse(inForce))),
    published: () => parseCatalog(JSON.parse(published)),
  };
}

function hashOf({ inForce, published }: { readonly inForce: string; readonly published: string }): string {
  return createHash("sha256").update(inForce).update("\n").update(published).digest("hex");
}

/** Names an edition by its day and its content: `prices-2026-11-21-1a2b3c4d`. */
export function editionOf(providers: readonly CatalogProvider[], fetchedAt: number): string {
  const hash = createHash("sha256").update(JSON.stringify(providers)).digest("hex");
  return `prices-${new Date(fetchedAt).toISOString().slice(0, 10)}-${hash.slice(0, 8)}`;
}
