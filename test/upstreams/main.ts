import { parseArgs } from "node:util";
import { demoPacing, startUpstreams } from "./startUpstreams.ts";

/** The simulated providers as a program: prints their base URLs as one JSON line once they answer. */
const { values } = parseArgs({
  options: { "port-base": { type: "string" }, "exit-with-stdin": { type: "boolean", default: false } },
});

const portBase = values["port-base"] === undefined ? undefined : Number(values["port-base"]);
if (portBase !== undefined && !(Number.isInteger(portBase) && portBase > 0 && portBase < 65_533)) {
  console.error(`--port-base: not a port: ${values["port-base"]}`);
  process.exit(2);
}

const upstreams = await startUpstreams({ ...(portBase === undefined ? {} : { portBase }), default: demoPacing });
const { openai, anthropic, vllm, google } = upstreams;

const leave = (): void => {
  void upstreams.stop().then(() => process.exit(0));
};
process.once("SIGTERM", leave);
process.once("SIGINT", leave);
if (values["exit-with-stdin"]) process.stdin.once("end", leave).resume();

console.log(JSON.stringify({ openai: openai.url, anthropic: anthropic.url, vllm: vllm.url, google: google.url }));
