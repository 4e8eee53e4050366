/**
 * Builds dist/. `--production` minifies and drops source maps, `--watch` rebuilds on change, `--sizes` prints what each
 * bundle holds, `--only=NAME` builds one bundle, `--outdir=DIR` puts it elsewhere.
 */
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";

const root = import.meta.dirname;
const { values: flags } = parseArgs({
  options: {
    production: { type: "boolean", default: false },
    watch: { type: "boolean", default: false },
    sizes: { type: "boolean", default: false },
    only: { type: "string" },
    outdir: { type: "string", default: "dist" },
  },
});
const outdir = path.resolve(root, flags.outdir);

/** zod carries its messages in fifty languages, which would be half of every bundle: English is the one that is used. */
const englishOnly = {
  name: "zod-in-english",
  setup(build) {
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
      loader: "js",
    }));
  },
};

const common = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  minify: flags.production,
  sourcemap: flags.production ? false : "linked",
  legalComments: flags.production ? "eof" : "none",
  metafile: true,
  logLevel: "warning",
  plugins: [englishOnly],
};

/** CommonJS has no `import.meta`: what the sources read of it is answered by the bundle's own file name. */
function node(name, entry, { external = [], executable = false } = {}) {
  const banner = 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;';
  return {
    name,
    entry,
    executable,
    options: {
      ...common,
      entryPoints: { [name]: entry },
      outExtension: { ".js": ".cjs" },
      platform: "node",
      target: "node20",
      format: "cjs",
      external,
      define: {
        "import.meta.url": "importMetaUrl",
        "import.meta.filename": "__filename",
        "import.meta.dirname": "__dirname",
      },
      banner: { js: executable ? `#!/usr/bin/env node\n${banner}` : banner },
    },
  };
}

const panel = {
  name: "panel",
  entry: "src/panel/main.tsx",
  executable: false,
  options: {
    ...common,
    entryPoints: { panel: "src/panel/main.tsx" },
    platform: "browser",
    target: "es2023",
    format: "iife",
    jsx: "automatic",
    jsxImportSource: "preact",
  },
};

const bundles = [
  node("extension", "src/extension/main.ts", { external: ["vscode"] }),
  node("sidecar", "src/sidecar/main.ts"),
  node("tokenWorker", "src/sidecar/tokens/tokenWorker.ts"),
  node("cli", "src/cli/main.ts", { executable: true }),
  panel,
].filter((bundle) => flags.only === undefined || bundle.name === flags.only);

if (bundles.length === 0) {
  console.error(`there is no bundle named ${flags.only}`);
  process.exit(1);
}

const started = performance.now();
await mkdir(outdir, { recursive: true });
if (flags.only !== "panel") {
  const wasm = createRequire(import.meta.url).resolve("sql.js/dist/sql-wasm.wasm");
  await copyFile(wasm, path.join(outdir, "sql-wasm.wasm"));
}
if (flags.watch) {
  await Promise.all(bundles.map(watch));
} else {
  const results = await Promise.allSettled(bundles.map(build));
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  for (const { errors, stack } of failures) {
    // What esbuild finds wrong with the sources it has printed itself.
    if (errors === undefined) {
      console.error(stack);
    }
  }
  if (failures.length > 0) {
    process.exitCode = 1;
  } else {
    const names = bundles.map(({ name }) => name).join(", ");
    const took = Math.round(performance.now() - started);
    console.log(`Built ${names} in ${path.relative(root, outdir) || "."}/ (${took} ms)`);
  }
}

async function build(bundle) {
  const result = await esbuild.build(bundle.options);
  await finish(bundle);
  if (flags.sizes) {
    console.log(await esbuild.analyzeMetafile(result.metafile));
  }
}

async function watch(bundle) {
  const report = {
    name: "report",
    setup(build) {
      build.onEnd(async (result) => {
        if (result.errors.length === 0) {
          await finish(bundle);
          console.log(`Built ${bundle.name}`);
        }
      });
    },
  };
  const context = await esbuild.context({ ...bundle.options, plugins: [...bundle.options.plugins, report] });
  await context.watch();
}

async function finish(bundle) {
  if (bundle.executable) {
    await chmod(path.join(outdir, `${bundle.name}.cjs`), 0o755);
  }
}
