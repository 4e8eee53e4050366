import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../src/extension/commandIds.ts";
import { CONTEXT_KEYS } from "../../src/extension/contextKeys.ts";
import { SETTING_DEFAULTS } from "../../src/extension/settings.ts";

const root = join(import.meta.dirname, "..", "..");
const manifestText = readFileSync(join(root, "package.json"), "utf8");
const manifest = JSON.parse(manifestText);
const texts: Record<string, string> = JSON.parse(readFileSync(join(root, "package.nls.json"), "utf8"));
const sources = readdirSync(join(root, "src", "extension"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => readFileSync(join(root, "src", "extension", file), "utf8"))
  .join("\n");

describe("the manifest and the code", () => {
  it("name the same commands, and each is registered", () => {
    const contributed = manifest.contributes.commands.map(({ command }: { command: string }) => command);
    assert.deepEqual(contributed.toSorted(), Object.values(COMMANDS).toSorted());
    for (const name of Object.keys(COMMANDS)) {
      assert.match(
        sources,
        new RegExp(`registerCommand\\(services, COMMANDS\\.${name}\\b`),
        `${name} is not registered`,
      );
    }
  });

  it("name the same settings with the same defaults", () => {
    const properties: Record<string, { default: unknown }> = manifest.contributes.configuration.properties;
    const defaults = Object.fromEntries(Object.entries(properties).map(([id, property]) => [id, property.default]));
    assert.deepEqual(defaults, SETTING_DEFAULTS);
  });

  it("keep limits, addresses, prices and what leads calls to the gate out of a workspace's reach", () => {
    const ids = ["budgets", "providers", "vllm.endpoint", "vllm.hourlyRateUsd"];
    for (const id of [...ids, "terminals.enabled", "terminals.variables", "terminals.commands"]) {
      const { scope } = manifest.contributes.configuration.properties[`tollgate.${id}`];
      assert.ok(scope === "application" || scope === "machine", `${id} has the scope ${scope}`);
    }
  });

  it("name the same context keys", () => {
    const clauses = [...manifestText.matchAll(/"(?:when|enablement)": "([^"]*)"/g)].map(([, clause]) => clause);
    const used = clauses.flatMap((clause) => clause?.match(/\btollgate\.\w+/g) ?? []);
    assert.deepEqual([...new Set(used)].toSorted(), [...CONTEXT_KEYS].toSorted());
  });

  it("have a text for every key, and no text without one", () => {
    const used = [...manifestText.matchAll(/%([\w.]+)%/g)].map(([, key]) => key ?? "");
    assert.deepEqual([...new Set(used)].toSorted(), Object.keys(texts).toSorted());
  });

  it("refer only to commands that exist, in menus, key bindings and walkthrough", () => {
    const known = new Set<string>(Object.values(COMMANDS));
    const { menus, keybindings, walkthroughs } = manifest.contributes;
    const referred = [...Object.values<Array<{ command: string }>>(menus).flat(), ...keybindings].map(
      ({ command }) => command,
    );
    const linked = [...JSON.stringify(texts).matchAll(/command:([\w.]+)/g)].map(([, id]) => id ?? "");
    const completing = JSON.stringify(walkthroughs).matchAll(/onCommand:([\w.]+)/g);
    for (const id of [...referred, ...linked, ...[...completing].map(([, id]) => id ?? "")]) {
      assert.ok(known.has(id), `${id} is no command`);
    }
  });

  it("have every picture", () => {
    for (const { media } of manifest.contributes.walkthroughs.flatMap(
      (walkthrough: { steps: unknown[] }) => walkthrough.steps,
    )) {
      assert.ok(existsSync(join(root, media.image)), media.image);
    }
    assert.ok(existsSync(join(root, manifest.icon)));
  });
});
