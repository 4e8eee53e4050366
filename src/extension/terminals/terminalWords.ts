import type { GatewayVariables } from "../../client/gatewayVariables.ts";
import type { EnvironmentNote } from "../../client/toolEnvironment.ts";
import { escapeMarkdown } from "../markdown.ts";
import type { Translate } from "../translate.ts";

/** What a terminal says of the variables that Tollgate has set in it, and why, as Markdown. */
export function terminalDescription(
  { variables, notes, launched }: GatewayVariables & { readonly launched: readonly string[] },
  project: string | undefined,
  t: Translate,
): string {
  const list = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");
  const why =
    project === undefined
      ? t("Model calls of tools go through Tollgate's gate: they are metered, and stopped when a budget is spent.")
      : t(
          "Model calls of tools go through Tollgate's gate: they are metered under the project {project}, and stopped when a budget is spent.",
          { project: `**${escapeMarkdown(project)}**` },
        );
  const off = t("The setting {setting} turns this off.", { setting: "`tollgate.terminals.enabled`" });
  const through = t("Started through {command}: {tools}.", { command: "`tollgate run`", tools: list(launched) });
  const path = launched.length === 0 ? [] : [through];
  return [
    why,
    t("Set: {names}.", { names: list(Object.keys(variables)) }),
    ...path,
    ...notes.map((note) => noteInWords(note, t)),
    off,
  ].join(" ");
}

export function noteInWords({ kind, variable, provider, address }: EnvironmentNote, t: Translate): string {
  const words = { variable: `\`${variable}\``, provider, address: escapeMarkdown(address) };
  switch (kind) {
    case "left":
      return t("{variable} is left as it is, and its calls are not metered: no provider is named {provider}.", words);
    case "unusable":
      return t("{variable} is replaced: what it held is no address that a provider can have.", words);
    case "second":
      return t("{variable} ({address}) is replaced: {provider} can lead to one address only.", words);
    case "led":
      return t("{variable} was {address}: calls go on to there, at the prices of {provider}.", words);
  }
}
