import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { calcPrice, REMOTE_DATA_JSON_URL, waitForUpdate } from "@pydantic/genai-prices";
import { DEFAULT_PRICES_SOURCE } from "../../../src/domain/config.ts";
import {
  BUILT_IN_PROVIDERS,
  builtInCatalog,
  CATALOG_DATE,
  CATALOG_VERSION,
} from "../../../src/domain/prices/builtInCatalog.ts";
import { CatalogError, parseCatalog } from "../../../src/domain/prices/catalogData.ts";
import { namesIn, pricesAt } from "../../../src/domain/prices/catalogMatch.ts";

const catalog = builtInCatalog();

describe("the built-in catalogue", () => {
  it("is all that the package holds, in its edition, and its source is the package's", async () => {
    const providers = (await waitForUpdate()) ?? [];
    assert.deepEqual(
      BUILT_IN_PROVIDERS,
      providers.map(({ id }) => id),
    );
    assert.equal(catalog.providers.length, providers.length);
    const { dependencies } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
    assert.equal(CATALOG_VERSION, `genai-prices-${dependencies["@pydantic/genai-prices"]}`);
    assert.match(CATALOG_DATE, /^\d{4}-\d\d-\d\d$/);
    assert.equal(DEFAULT_PRICES_SOURCE, REMOTE_DATA_JSON_URL);
  });

  it("finds each model and its dated prices as the package does, under every name that it spells out", () => {
    const moments = ["2025-01-01T00:00:00Z", "2026-11-21T03:59:59.999Z", "2026-11-21T04:00:00Z"].map(Date.parse);
    let compared = 0;
    for (const provider of catalog.providers) {
      for (const model of provider.models) {
        const spelled = namesIn(model.match).map(({ text }) => text);
        for (const name of new Set([model.id, ...spelled, `${model.id}-20250929`, model.id.toUpperCase()])) {
          const found = catalog.find(provider.id, name);
          for (const at of moments) {
            const theirs = calcPrice({}, name, { providerId: provider.id, timestamp: new Date(at) });
            assert.equal(found?.model.id, theirs?.model.id, `${provider.id}/${name}`);
            assert.equal(found === null ? undefined : pricesAt(found.model, at), theirs?.model_price, name);
            compared += 1;
          }
        }
      }
    }
    assert.ok(compared > 10_000);
  });

  it("is a catalogue by the rules for copies, and reads the same when it was one", () => {
    const copy = parseCatalog(JSON.parse(JSON.stringify(catalog.providers)));
    assert.deepEqual(parseCatalog(JSON.parse(JSON.stringify(copy))), copy);
    assert.equal(copy.length, catalog.providers.length);
  });
});

describe("a copy of the catalogue", () => {
  const model = (parts: object = {}) => ({ id: "m", match: { equals: "m" }, prices: { input_mtok: 1 }, ...parts });
  const provider = (parts: object = {}) => ({
    id: "p",
    name: "P",
    api_pattern: "https://p\\.example",
    models: [model()],
    ...parts,
  });
  const refuses = (input: unknown, what: RegExp) =>
    assert.throws(
      () => parseCatalog(input),
      (error: Error) => {
        assert.ok(error instanceof CatalogError, String(error));
        assert.match(error.message, what);
        return true;
      },
    );

  it("is taken with what is used of it, and in the older format too", () => {
    const dated = [
      { prices: { input_mtok: 1 } },
      { constraint: { start_date: "2026-09-01" }, prices: { input_mtok: 2 } },
    ];
    const [read] = parseCatalog([provider({ extractors: [{}], models: [model({ prices: dated, description: "x" })] })]);
    assert.deepEqual(read, {
      ...provider(),
      models: [
        {
          ...model(),
          prices: [dated[0], { ...dated[1], constraint: { start_date: "2026-09-01", type: "start_date" } }],
        },
      ],
    });
  });

  it("is refused where it is no catalogue", () => {
    refuses([], /whole/);
    refuses({}, /whole/);
    refuses(null, /whole/);
    refuses([provider(), provider()], /twice/);
    refuses([provider({ models: [model({ prices: { input_mtok: -1 } })] })], /prices/);
    refuses([provider({ models: [model({ prices: { input_mtok: "1" } })] })], /prices/);
    refuses([provider({ models: [model({ prices: { input_mtok: 1e9 } })] })], /prices/);
    refuses([provider({ models: [model({ prices: [] })] })], /prices/);
    refuses([provider({ models: [model({ match: { sounds_like: "m" } })] })], /match/);
    refuses([provider({ models: Array.from({ length: 5_001 }, () => model()) })], /models/);
    refuses(
      Array.from({ length: 5 }, (_, index) =>
        provider({ id: `p${index}`, models: Array.from({ length: 4_500 }, () => model()) }),
      ),
      /more than 20000 models/,
    );
  });

  it("is refused where its rules could take for ever", () => {
    for (const regex of ["(a+)+$", "(a|a)*$", "(.*,){9}x", "a*a*a*a*b", "(a)\\1", "("]) {
      refuses([provider({ models: [model({ match: { regex } })] })], /pattern/);
      refuses([provider({ api_pattern: regex })], /pattern/);
    }
    let match: object = { equals: "m" };
    for (let depth = 0; depth < 100_000; depth += 1) {
      match = { or: [match] };
    }
    refuses([provider({ models: [model({ match })] })], /deeply/);
  });
});
