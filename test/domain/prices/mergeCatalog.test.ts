import assert from "node:assert/strict";
import fc from "fast-check";
import { builtInCatalog } from "../../../src/domain/prices/builtInCatalog.ts";
import { Catalog } from "../../../src/domain/prices/catalog.ts";
import { compareCatalogs } from "../../../src/domain/prices/catalogChanges.ts";
import {
  CatalogError,
  type CatalogModel,
  type CatalogProvider,
  parseCatalog,
} from "../../../src/domain/prices/catalogData.ts";
import { mergeCatalog, refName } from "../../../src/domain/prices/mergeCatalog.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const never = () => false;
const always = () => true;

type Prices = CatalogModel["prices"];
const model = (id: string, prices: Prices, match: CatalogModel["match"] = { equals: id }): CatalogModel => ({
  id,
  match,
  prices,
});
const shop = (models: CatalogModel[], parts: Partial<CatalogProvider> = {}): CatalogProvider => ({
  id: "shop",
  name: "Shop",
  api_pattern: "https://shop\\.example",
  models,
  ...parts,
});
const edition = (...providers: CatalogProvider[]) => new Catalog("test", providers);
const flat = (input: number, output = 2 * input) => ({ input_mtok: input, output_mtok: output });
const inputOf = (catalog: Catalog, name: string, at = NOW) =>
  catalog.ratesOf("shop", name, at)?.rates?.tiers[0]?.rates.input ?? null;

/** Enough models that do not change, so that few that go are not too many. */
const CROWD = Array.from({ length: 20 }, (_, index) => model(`crowd-${index}`, flat(1)));
const compare = (before: CatalogModel[], after: CatalogModel[]) =>
  compareCatalogs(edition(shop([...before, ...CROWD])), edition(shop([...after, ...CROWD])), NOW);
const merge = (
  before: CatalogModel[],
  after: CatalogModel[],
  isAccepted: (ref: { model: string }) => boolean = never,
) => {
  const merged = mergeCatalog(edition(shop([...before, ...CROWD])), [shop([...after, ...CROWD])], isAccepted, NOW);
  return { ...merged, catalog: edition(...merged.providers) };
};
const names = (refs: ReadonlyArray<{ model: string }>) => refs.map((ref) => ref.model);

describe("another edition of the catalogue", () => {
  it("is told by what is new, gone and changed", () => {
    const { added, gone, changed, jumps } = compare(
      [model("same", flat(1)), model("moves", flat(1)), model("goes", flat(1))],
      [model("same", flat(1)), model("moves", flat(1.5)), model("comes", flat(9))],
    );
    assert.deepEqual([names(added), names(gone), names(changed), jumps], [["comes"], ["goes"], ["moves"], []]);
    assert.deepEqual(
      [changed[0]?.before?.input, changed[0]?.after?.input, changed[0]?.factor],
      [1_000_000, 1_500_000, 1.5],
    );
  });

  it("is believed up to twice or half a price, of any class, for prompts of any length", () => {
    const jumps = (before: Prices, after: Prices) => names(compare([model("m", before)], [model("m", after)]).jumps);
    assert.deepEqual(jumps(flat(1), flat(2)), []);
    assert.deepEqual(jumps(flat(1), flat(0.5)), []);
    assert.deepEqual(jumps(flat(1), flat(2.01)), ["m"]);
    assert.deepEqual(jumps(flat(1), flat(0.49)), ["m"]);
    assert.deepEqual(jumps(flat(1), flat(0)), ["m"]);
    assert.deepEqual(jumps(flat(0), flat(1)), ["m"]);
    const cached = (rate: number) => ({ ...flat(1), cache_read_mtok: rate });
    assert.deepEqual(jumps(cached(0.1), cached(0.3)), ["m"]);
    const long = (price: number) => ({ ...flat(1), input_mtok: { base: 1, tiers: [{ start: 200_000, price }] } });
    assert.deepEqual(jumps(long(2), long(0.5)), ["m"]);
    assert.deepEqual(jumps({ ...flat(1), web_searches_kcount: 10 }, { ...flat(1), web_searches_kcount: 30 }), ["m"]);
  });

  it("may tell a rate for a class that had none, within reason", () => {
    const jumps = (after: object) =>
      names(compare([model("m", flat(1))], [model("m", { ...flat(1), ...after })]).jumps);
    assert.deepEqual(jumps({ cache_read_mtok: 0.025, cache_write_mtok: 1.25, web_searches_kcount: 10 }), []);
    assert.deepEqual(jumps({ cache_read_mtok: 0.001 }), ["m"]);
    assert.deepEqual(jumps({ cache_read_mtok: 0 }), ["m"]);
    // Sound that had its own rate, and would cost what text does.
    const spoken = { ...flat(1), input_audio_mtok: 40 };
    assert.deepEqual(names(compare([model("m", spoken)], [model("m", flat(1))]).jumps), ["m"]);
  });

  it("is believed no more where a price is to jump later, or by the hour", () => {
    const later = [
      { prices: flat(1) },
      { constraint: { type: "start_date" as const, start_date: "2027-01-01" }, prices: flat(0.1) },
    ];
    const nightly = [
      { prices: flat(1) },
      {
        constraint: { type: "time_of_date" as const, start_time: "01:00:00Z", end_time: "02:00:00Z" },
        prices: flat(5),
      },
    ];
    for (const prices of [later, nightly]) {
      assert.deepEqual(names(compare([model("m", flat(1))], [model("m", prices)]).jumps), ["m"]);
    }
    const past = [
      { prices: flat(9) },
      { constraint: { type: "start_date" as const, start_date: "2026-01-01" }, prices: flat(1) },
    ];
    assert.deepEqual(names(compare([model("m", flat(1))], [model("m", past)]).jumps), []);
  });
});

describe("an edition that is merged", () => {
  it("takes what is new and what moves, keeps what is gone, and holds back what jumps", () => {
    const before = [model("moves", flat(1)), model("goes", flat(1), { starts_with: "goes" }), model("jumps", flat(1))];
    const after = [model("moves", flat(2)), model("comes", flat(3)), model("jumps", flat(10))];
    const { catalog, heldBack } = merge(before, after);
    assert.deepEqual(names(heldBack), ["jumps"]);
    assert.deepEqual(
      ["moves", "comes", "goes", "goes-2026", "jumps"].map((name) => inputOf(catalog, name)),
      [2_000_000, 3_000_000, 1_000_000, 1_000_000, 1_000_000],
    );
    const accepted = merge(before, after, (ref) => ref.model === "jumps");
    assert.deepEqual(accepted.heldBack, []);
    assert.equal(inputOf(accepted.catalog, "jumps"), 10_000_000);
  });

  it("holds a price by every name of its model, whatever entry comes before it", () => {
    const before = [
      model("big", flat(10), { or: [{ equals: "big" }, { equals: "big-latest" }, { starts_with: "big-2" }] }),
    ];
    const after = [model("trap", flat(0.01), { contains: "big" }), model("big", flat(10))];
    const { catalog, heldBack } = merge(before, after);
    assert.deepEqual(names(heldBack), ["big"]);
    for (const name of ["big", "big-latest", "big-2"]) {
      assert.equal(inputOf(catalog, name), 10_000_000, name);
    }
    assert.equal(inputOf(merge(before, after, always).catalog, "big"), 10_000);
  });

  it("takes no new model that costs nothing without consent", () => {
    const { catalog, heldBack } = merge([], [model("gift", flat(0))]);
    assert.deepEqual(names(heldBack), ["gift"]);
    assert.equal(catalog.find("shop", "gift"), null);
    assert.equal(inputOf(merge([], [model("gift", flat(0))], always).catalog, "gift"), 0);
  });

  it("leaves providers at the addresses by which they are known", () => {
    const thief = shop([model("x", flat(1))], { id: "thief", api_pattern: "https://shop\\.example" });
    const moved = shop(CROWD, { api_pattern: "https://elsewhere\\.example" });
    const merged = mergeCatalog(edition(shop(CROWD)), [moved, thief], never, NOW);
    assert.equal(edition(...merged.providers).providerOf("any", "https://shop.example/v1"), "shop");
  });

  it("is refused where too much is missing", () => {
    assert.throws(
      () => mergeCatalog(edition(shop(CROWD)), [shop(CROWD.slice(0, 15))], never, NOW),
      (error: Error) => error instanceof CatalogError && /lacks 5 of the 20/.test(error.message),
    );
    assert.throws(() => mergeCatalog(builtInCatalog(), [shop(CROWD)], never, NOW), CatalogError);
  });

  it("changes nothing when it is merged again, nor when it is the built-in one", () => {
    const present = builtInCatalog();
    const copy = parseCatalog(JSON.parse(JSON.stringify(present.providers)));
    const { changes } = mergeCatalog(present, copy, never, NOW);
    assert.deepEqual([changes.added, changes.gone, changes.changed, changes.jumps], [[], [], [], []]);
    const before = [model("jumps", flat(1), { starts_with: "jumps" }), model("goes", flat(1), { contains: "goes" })];
    const after = [model("jumps", flat(10), { or: [{ equals: "jumps" }, { equals: "jumps-too" }] })];
    const once = merge(before, after);
    const twice = mergeCatalog(once.catalog, [shop([...after, ...CROWD])], never, NOW);
    assert.deepEqual(twice.providers, once.providers);
    assert.deepEqual(twice.heldBack.map(refName), once.heldBack.map(refName));
  });

  it("moves no name beyond twice or half its price without consent, whatever is published", () => {
    const rate = fc.constantFrom(0, 0.01, 0.5, 1, 1.9, 2, 2.1, 40);
    const id = fc.constantFrom("a", "b", "a-1", "a-2", "b-1", "c");
    const rule = fc.oneof(
      id.map((text): CatalogModel["match"] => ({ equals: text })),
      id.map((text): CatalogModel["match"] => ({ starts_with: text })),
      id.map((text): CatalogModel["match"] => ({ contains: text })),
      fc.array(id, { minLength: 1, maxLength: 3 }).map((texts): CatalogModel["match"] => ({
        or: texts.map((equals) => ({ equals })),
      })),
    );
    const entry = fc.record({ id, match: rule, input: rate, output: rate });
    const entries = fc
      .uniqueArray(entry, { selector: (one) => one.id, maxLength: 5 })
      .map((list) => list.map((one) => model(one.id, { input_mtok: one.input, output_mtok: one.output }, one.match)));
    let merges = 0;
    fc.assert(
      fc.property(entries, entries, (before, after) => {
        const present = edition(shop([...before, ...CROWD]));
        let merged: ReturnType<typeof mergeCatalog>;
        try {
          merged = mergeCatalog(present, [shop([...after, ...CROWD])], never, NOW);
        } catch (error) {
          assert.ok(error instanceof CatalogError, String(error));
          return;
        }
        merges += 1;
        const next = edition(...merged.providers);
        for (const name of ["a", "b", "a-1", "a-2", "b-1", "c"]) {
          const spelled = present.find("shop", name)?.model;
          const isSpelled = spelled !== undefined && JSON.stringify([spelled.id, spelled.match]).includes(`"${name}"`);
          const old = inputOf(present, name);
          if (old !== null && isSpelled) {
            const fresh = inputOf(next, name);
            assert.ok(fresh !== null, `${name} is still priced`);
            assert.ok(fresh === old || (fresh > 0 && old > 0 && fresh / old <= 2 && old / fresh <= 2), name);
          }
        }
      }),
      { seed: 20261121, numRuns: 2_000 },
    );
    assert.ok(merges > 1_000, `${merges} of 2000 editions were merged`);
  });
});
