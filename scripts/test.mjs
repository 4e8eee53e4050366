// npm test: see runSuites.ts.
import { ensureDependencies, runOnNode24 } from "./setUp.mjs";

await ensureDependencies();
await runOnNode24("runSuites.ts", process.argv.slice(2));
