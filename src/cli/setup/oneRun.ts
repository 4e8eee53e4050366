import { existsSync } from "node:fs";
import { homedir } from "node:os";
import type { ApiClient } from "../../client/apiClient.ts";
import type { Environment } from "../../domain/config.ts";
import type { PassWish } from "../../domain/passApi.ts";
import type { StartedProgram } from "../startedProgram.ts";
import { TOOLS } from "./allTools.ts";
import { changesOf, planSetup } from "./planSetup.ts";
import type { OneRun, SetupTool } from "./setupTool.ts";
import { readTool } from "./toolFile.ts";

const NOTHING: OneRun = { args: [], variables: {} };

/** The tool that a program is, by its package's or its file's name. */
export function toolOf({ name, package: fetched }: StartedProgram): SetupTool | undefined {
  return TOOLS.find(
    (tool) => (tool.command ?? tool.name) === name || (fetched !== null && tool.packages.includes(fetched)),
  );
}

/**
 * What sends a tool through the gateway for one run that reads none of the usual variables: arguments that come before its own,
 * and variables of its own. What its configuration says of an address is where the pass leads, as with `tollgate setup`.
 */
export async function forOneRun(
  api: ApiClient,
  tool: SetupTool | undefined,
  wish: PassWish,
  environment: Environment,
): Promise<OneRun> {
  if (tool?.forOneRun === undefined) {
    return NOTHING;
  }
  const text = readTool(tool.file({ home: homedir(), environment, exists: existsSync }));
  const plan = planSetup(tool, text, (await api.config()).providers);
  const { urls } = await api.pass({ ...wish, upstreams: plan.upstreams });
  return tool.forOneRun(changesOf(tool, text, plan, urls), environment);
}
