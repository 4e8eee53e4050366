import assert from "node:assert/strict";
import { importsOf, type SourceImport, sourceFiles, sourceImports } from "./sourceImports.ts";

/** What each folder of src/ may import besides itself: the arrows of ARCHITECTURE.md. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  ledger: ["domain"],
  sidecar: ["domain", "ledger"],
  client: ["domain"],
  prompts: ["client", "domain"],
  extension: ["client", "prompts", "domain"],
  panel: ["client", "domain"],
  cli: ["client", "prompts", "sidecar", "ledger", "domain"],
};

/** The panel's page as text: whoever shows the panel needs it, and it imports nothing. */
const PANEL_PAGE = "src/panel/panelHtml.ts";

const folderOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];
const show = (imports: readonly SourceImport[]): string[] => imports.map(({ file, target }) => `${file} → ${target}`);

describe("The arrows between folders", () => {
  const imports = sourceImports();

  it("has a rule for every folder of src/", () => {
    const folders = new Set(sourceFiles().map((file) => folderOf(file) ?? file));
    assert.deepEqual(
      [...folders].filter((folder) => !(folder in ARROWS)),
      [],
    );
  });

  it("run one way", () => {
    const against = imports.filter(({ file, target }) => {
      const from = folderOf(file);
      const to = folderOf(target);
      if (from === undefined || to === undefined) return target.startsWith("../") || target.startsWith("test/");
      if (from === "extension" && target === PANEL_PAGE) return false;
      return from !== to && !ARROWS[from]?.includes(to);
    });
    assert.deepEqual(show(against), []);
  });

  it("lead from the panel to the client's types alone", () => {
    const values = imports.filter(
      (one) => folderOf(one.file) === "panel" && folderOf(one.target) === "client" && !one.typeOnly,
    );
    assert.deepEqual(show(values), []);
  });

  it("lead to VS Code from the extension alone", () => {
    const others = imports.filter(({ file, target }) => target === "vscode" && folderOf(file) !== "extension");
    assert.deepEqual(show(others), []);
  });

  it("lead from the domain to no module that could read a file, a socket or a clock", () => {
    const outside = imports.filter(
      ({ file, target }) => folderOf(file) === "domain" && /^(node:|fs|path$|net$|http)/.test(target),
    );
    assert.deepEqual(show(outside), []);
  });

  it("lead from the panel's page nowhere", () => {
    assert.deepEqual(show(imports.filter(({ file }) => file === PANEL_PAGE)), []);
  });

  it("form no circle of files", () => {
    assert.deepEqual(circles(imports), []);
  });
});

describe("The reader of imports", () => {
  const read = (text: string): string[] =>
    importsOf("src/panel/page.ts", text).map(({ target, typeOnly }) => `${target}${typeOnly ? " (type)" : ""}`);

  it("sees every form of import, across lines", () => {
    const text = `
      import { a } from "./a.ts";
      import {
        b,
        type B,
      } from "../domain/b.ts";
      import * as c from "c";
      import d, { e } from 'd';
      import "../side.css";
      export { f } from "./f.ts";
      const g = await import("./g.ts");`;
    const targets = ["src/panel/a.ts", "src/domain/b.ts", "c", "d", "src/panel/f.ts", "src/side.css", "src/panel/g.ts"];
    assert.deepEqual(read(text), targets);
  });

  it("knows imports that are gone at run time", () => {
    const text = 'import type { A } from "a";\nimport { type B, type C } from "b";\nexport type { D } from "d";';
    assert.deepEqual(read(text), ["a (type)", "b (type)", "d (type)"]);
  });

  it("passes over comments", () => {
    assert.deepEqual(read('// import { a } from "a";\n/*\nimport { b } from "b";\n*/'), []);
  });
});

/** Circles of imports that remain at run time, each as its files in order. */
function circles(imports: readonly SourceImport[]): string[] {
  const next = new Map<string, string[]>();
  for (const { file, target, typeOnly } of imports)
    if (!typeOnly && folderOf(target)) next.set(file, [...(next.get(file) ?? []), target]);
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file].join(" → "));
    if (start >= 0 || done.has(file)) return;
    for (const target of next.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}
