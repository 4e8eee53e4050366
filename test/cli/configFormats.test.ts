import assert from "node:assert/strict";
import type { ConfigFormat } from "../../src/cli/setup/configFormat.ts";
import { jsonFormat } from "../../src/cli/setup/jsonFormat.ts";
import { dotenvFormat } from "../../src/cli/setup/lineFormat.ts";
import { textDiff } from "../../src/cli/setup/textDiff.ts";
import { tomlFormat } from "../../src/cli/setup/tomlFormat.ts";
import { yamlFormat } from "../../src/cli/setup/yamlFormat.ts";

/** Sets a value and expects the text; then takes it out and expects the text as it was, but for a line break at its end. */
function sets(
  format: ConfigFormat,
  before: string,
  path: string[],
  expected: string,
  value: string | number = "V",
): void {
  const kept = format.depth(before, path);
  const held = format.read(before, path);
  const after = format.write(before, path, value);
  assert.equal(after, expected);
  assert.equal(format.read(after, path), value);
  const undone = held === undefined ? format.remove(after, path, kept) : format.write(after, path, held);
  assert.equal(undone.trimEnd(), before.trimEnd());
}

describe("configuration files that are edited in place", () => {
  it("as JSON keep comments, trailing commas, order and indentation", () => {
    sets(
      jsonFormat,
      '{\n\t"a": 1 // one\n}\n',
      ["env", "X"],
      '{\n\t"a": 1, // one\n\t"env": {\n\t\t"X": "V"\n\t}\n}\n',
    );
    sets(
      jsonFormat,
      '{\n  // mine\n  "env": {"Y": "}", },\n}',
      ["env", "Z"],
      '{\n  // mine\n  "env": {"Y": "}",\n    "Z": "V",},\n}'.replace('",},', '", },'),
    );
    sets(
      jsonFormat,
      '{ "a": { "b": "old" }, "c": [1, {"b": 2}] }',
      ["a", "b"],
      '{ "a": { "b": "V" }, "c": [1, {"b": 2}] }',
    );
    sets(jsonFormat, '{\r\n  "a": "\\"{"\r\n}\r\n', ["b"], '{\r\n  "a": "\\"{",\r\n  "b": "V"\r\n}\r\n');
    assert.equal(jsonFormat.write("", ["a", "b"], 1), '{\n  "a": {\n    "b": 1\n  }\n}\n');
    for (const broken of ['{"a" 1}', '{"a": }', "[1]", '{"a": "b'] as const) {
      assert.throws(() => jsonFormat.write(broken, ["x"], "V"), { name: "CliError" }, broken);
    }
    assert.throws(() => jsonFormat.write('{"env": "text"}', ["env", "X"], "V"), /env is no JSON object/);
  });

  it("as TOML keep comments, and are not misled by strings and lists over several lines", () => {
    const text =
      '# mine\nmodel = "m" # best\nnotes = """\n[t]\nk = "no"\n"""\nlist = [\n  ["t"],\n]\n\n[other]\nk = 1\n';
    sets(tomlFormat, text, ["model"], text.replace('"m"', '"V"'));
    sets(tomlFormat, text, ["k"], `k = "V"\n${text}`);
    sets(tomlFormat, text, ["t", "k"], `${text}\n[t]\nk = "V"\n`);
    sets(tomlFormat, text, ["other", "k"], text.replace("k = 1", "k = 0"), 0);
    sets(tomlFormat, "[a]\nx = 1\n\n[b]\ny = 2\n", ["a", "z"], '[a]\nx = 1\nz = "V"\n\n[b]\ny = 2\n');
    assert.throws(
      () => tomlFormat.write("model_providers = { x = {} }\n", ["model_providers", "tollgate", "k"], "V"),
      /header/,
    );
  });

  it("as YAML keep comments and whatever else a list's entry holds", () => {
    const text =
      'name: mine\nmodels:\n  # best\n  - name: A\n    provider: openai # paid\n    roles:\n      - chat\n  - provider: anthropic\n    apiBase: "https://x" # old\n';
    sets(yamlFormat, text, ["models", "0", "apiBase"], text.replace("name: A\n", 'name: A\n    apiBase: "V"\n'));
    sets(yamlFormat, text, ["models", "1", "apiBase"], text.replace('"https://x"', '"V"'), "V");
    sets(yamlFormat, "a: 1\n", ["b"], 'a: 1\nb: "V"\n');
    assert.equal(yamlFormat.read(text, ["models", "0", "provider"]), "openai");
    assert.throws(() => yamlFormat.write("set-env:\n  - A=1\n", ["set-env"], "V"), /by hand/);
    assert.throws(() => yamlFormat.write("models: [{name: a}]\n", ["models", "0", "apiBase"], "V"), /brackets/);
  });

  it("as .env keep every other line", () => {
    sets(dotenvFormat, "# keys\nA=1", ["B"], "# keys\nA=1\nB=V\n");
    sets(dotenvFormat, "export B='x y'\nA=1\n".replace("'x y'", "x"), ["B"], "export B=V\nA=1\n");
    assert.equal(dotenvFormat.read('B="x y"\n', ["B"]), "x y");
  });
});

describe("a shown change", () => {
  it("tells what goes and comes, with a little around it", () => {
    const before = "1\n2\n3\n4\n5\n6\n7\n";
    assert.deepEqual(textDiff(before, before.replace("4", "four")), [
      "  2",
      "  3",
      "- 4",
      "+ four",
      "  5",
      "  6",
      "  …",
    ]);
    assert.deepEqual(textDiff("", "a\n"), ["+ a"]);
    assert.deepEqual(textDiff(before, before), []);
  });
});
