import type { Environment } from "../../domain/config.ts";
import type { ConfigFormat, ConfigPath, ConfigValue } from "./configFormat.ts";

/** The machine as far as it decides where a tool's configuration lies. */
export interface Place {
  readonly home: string;
  readonly environment: Environment;
  readonly exists: (path: string) => boolean;
}

/** A place in a tool's configuration where a base URL stands. */
export interface Point {
  readonly path: ConfigPath;
  /** Names that the provider may have in Tollgate's configuration; the first that is there is meant. */
  readonly providers: readonly string[];
  /** The gateway's address as this tool wants it. */
  readonly form: (url: string) => string;
  /** What it held before, where that stands elsewhere. */
  readonly former?: ConfigPath;
}

export interface Change {
  readonly path: ConfigPath;
  readonly value: ConfigValue;
}

/** What sends a tool through the gateway for one run. */
export interface OneRun {
  /** They stand before the tool's own. */
  readonly args: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/** What `tollgate setup` knows of a tool. */
export interface SetupTool {
  readonly name: string;
  /** The program, where it is called otherwise. */
  readonly command?: string;
  /** The packages that it comes in, as package runners name them. */
  readonly packages: readonly string[];
  readonly format: ConfigFormat;
  file(place: Place): string;
  /** @throws CliError where the file has nothing that could be pointed at the gateway. */
  points(text: string): readonly Point[];
  /** What has to stand beside the addresses. */
  others?(text: string): readonly Change[];
  /** How the changes are put in force for one run, by a tool that reads none of the usual variables. */
  forOneRun?(changes: readonly Change[], environment: Environment): OneRun;
  /** Whether nothing but its own configuration sends the tool through the gateway. */
  readonly onlySetUp?: boolean;
  /** One line about what the tool needs besides. */
  readonly hint?: string;
}

/** The folder that a variable names, else the usual one. */
export function folderOf(named: string | undefined, usual: string): string {
  return named === undefined || named.trim() === "" ? usual : named;
}

/** An address with the API's version at its end, whatever the provider's own base URL has. */
export function withVersion(url: string): string {
  return /\/v\d+[a-z]*$/.test(url) ? url : `${url}/v1`;
}
