/** `vscode.l10n.t`, as far as texts that are made without VS Code need it. */
export interface Translate {
  (message: string): string;
  (message: string, args: Record<string, string | number>): string;
}

/** The message as it stands in the source, with its arguments filled in. */
export const inEnglish: Translate = (message: string, args: Record<string, string | number> = {}) =>
  message.replace(/\{(\w+)\}/g, (whole, name: string) => (name in args ? String(args[name]) : whole));
