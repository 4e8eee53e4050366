import type { Environment } from "../../domain/config.ts";

/**
 * The environment that a terminal has without Tollgate: the one that VS Code was started in, and over it what its own setting
 * for terminals says, where null takes a variable away.
 */
export function shellEnvironment(started: Environment, configured: Readonly<Record<string, unknown>>): Environment {
  const environment: Record<string, string | undefined> = { ...started };
  for (const [name, value] of Object.entries(configured)) {
    environment[name] = typeof value === "string" ? resolved(value, started) : undefined;
  }
  return environment;
}

/** Only variables of the environment can stand in an address; others are left as they are written. */
function resolved(value: string, started: Environment): string {
  return value.replace(/\$\{env:([^}]+)\}/g, (_, name: string) => started[name] ?? "");
}

/** As VS Code names a platform in `terminal.integrated.env.<name>`. */
export function platformName(platform: string): "osx" | "windows" | "linux" {
  return platform === "darwin" ? "osx" : platform === "win32" ? "windows" : "linux";
}
