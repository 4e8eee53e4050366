// npm start: see startDemo.ts.
import { ensureDependencies, runOnNode24 } from "./setUp.mjs";

await ensureDependencies();
await runOnNode24("startDemo.ts", process.argv.slice(2));
