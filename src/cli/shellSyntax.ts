/** Shells whose profiles can set variables. */
export const SHELLS = ["bash", "zsh", "fish", "powershell", "cmd"] as const;
export type Shell = (typeof SHELLS)[number];

/** The shell that the user works in, as far as the environment tells. */
export function shellOf(environment: Readonly<Record<string, string | undefined>>, platform: string): Shell {
  const name = (environment.SHELL ?? "").split("/").at(-1);
  return name === "zsh" || name === "fish" || name === "bash" ? name : platform === "win32" ? "powershell" : "bash";
}

/**
 * The line that sets a variable for this shell and what it starts, whatever the value holds; null where the shell has no
 * way to write the value.
 */
export function assignment(shell: Shell, name: string, value: string): string | null {
  switch (shell) {
    case "bash":
    case "zsh":
      return `export ${name}='${value.replaceAll("'", "'\\''")}'`;
    case "fish":
      return `set -gx ${name} '${value.replace(/[\\']/g, "\\$&")}'`;
    case "powershell":
      // PowerShell ends a string at typographic quotes as well.
      return `$env:${name} = '${value.replace(/['\u2018\u2019\u201a\u201b]/g, "$&$&")}'`;
    case "cmd":
      return /["\r\n%!]/.test(value) ? null : `set "${name}=${value}"`;
  }
}
