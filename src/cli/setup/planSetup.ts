import { providerAt, withoutSecrets } from "../../client/toolEnvironment.ts";
import { gatewayAddress } from "../../domain/gatewayAddress.ts";
import { CliError } from "../exitCode.ts";
import type { ConfigPath } from "./configFormat.ts";
import { hashOf, type SetupRecord } from "./setupRecord.ts";
import type { Change, Point, SetupTool } from "./setupTool.ts";

type Providers = Readonly<Record<string, { readonly baseUrl: string }>>;

/** Where a tool's addresses are to lead, before a pass is made for it. */
export interface SetupPlan {
  readonly targets: ReadonlyArray<{ readonly point: Point; readonly provider: string }>;
  /** Addresses that stood in the file: the pass is to lead there. */
  readonly upstreams: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** @throws CliError where nothing of the tool can be pointed at the gateway. */
export function planSetup(tool: SetupTool, text: string, providers: Providers): SetupPlan {
  const targets: Array<{ point: Point; provider: string }> = [];
  const upstreams: Record<string, string> = {};
  const notes: string[] = tool.hint === undefined ? [] : [tool.hint];
  for (const point of tool.points(text)) {
    const usual = point.providers.find((name) => Object.hasOwn(providers, name));
    const held = [point.path, ...(point.former === undefined ? [] : [point.former])]
      .map((path) => tool.format.read(text, path))
      .find((one) => one !== undefined);
    const value = typeof held === "string" ? held.replace(/^\w+=/, "").trim() : "";
    const provider = providerAt(value, providers) ?? usual;
    if (provider === undefined) {
      notes.push(`${point.path.join(".")} is left: no provider is named ${point.providers[0]} in the configuration.`);
      continue;
    }
    targets.push({ point, provider });
    const shown = withoutSecrets(value);
    if (value === "" || providerAt(value, providers) !== undefined) {
      continue;
    }
    if (gatewayAddress(value) === null) {
      notes.push(
        shown === null || (upstreams[provider] ?? value) !== value
          ? `${point.path.join(".")} is replaced; to meter what it held, add that to "providers" in the configuration.`
          : `${point.path.join(".")} was ${shown}: calls go on to there, at the prices of ${provider}.`,
      );
    }
    if (shown !== null) {
      upstreams[provider] ??= value;
    }
  }
  if (targets.length === 0) {
    throw new CliError(notes.at(-1) ?? `Nothing of ${tool.name} can be pointed at the gateway`);
  }
  return { targets, upstreams, notes };
}

/** What is to be written, once the addresses are known. */
export function changesOf(
  tool: SetupTool,
  text: string,
  plan: SetupPlan,
  urls: Readonly<Record<string, string>>,
): Change[] {
  const addresses = plan.targets.map(({ point, provider }) => ({
    path: point.path,
    value: point.form(urls[provider] ?? ""),
  }));
  return [...(tool.others?.(text) ?? []), ...addresses];
}

/** The text with the changes, and what undoes them; what an earlier setup remembers of a place comes first. */
export function applied(
  { format }: SetupTool,
  text: string,
  changes: readonly Change[],
  earlier: SetupRecord | undefined,
): { readonly text: string; readonly undo: SetupRecord["changes"] } {
  const undo = new Map((earlier?.changes ?? []).map((one) => [one.path.join("\n"), one]));
  let after = text;
  for (const { path, value } of changes) {
    const known = undo.get(path.join("\n"));
    const before = known === undefined ? (format.read(text, path) ?? null) : known.before;
    const kept = known?.kept ?? format.depth(text, path);
    undo.set(path.join("\n"), { path: [...path], kept, before, after: value });
    after = format.read(after, path) === value ? after : format.write(after, path, value);
  }
  return { text: after, undo: [...undo.values()] };
}

/** How a file looks without what was set up: null where it goes altogether. */
export function undone(
  { format }: SetupTool,
  text: string,
  record: SetupRecord,
  backup: string | null,
): { readonly text: string | null; readonly exact: boolean; readonly left: readonly ConfigPath[] } {
  if (record.written === hashOf(text)) {
    return { text: backup, exact: true, left: [] };
  }
  const left: ConfigPath[] = [];
  let after = text;
  for (const { path, kept, before, after: ours } of [...record.changes].reverse()) {
    if (format.read(after, path) !== ours) {
      left.push(path);
    } else {
      after = before === null ? format.remove(after, path, kept) : format.write(after, path, before);
    }
  }
  return { text: after, exact: false, left };
}
