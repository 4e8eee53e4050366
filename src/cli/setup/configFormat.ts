/** A place in a configuration file: keys from the outside in; an entry of a list is its number. */
export type ConfigPath = readonly string[];
export type ConfigValue = string | number;

/** One notation of configuration files. What is not named stays byte for byte, comments too. */
export interface ConfigFormat {
  /** The value at a path; undefined where there is none, or none of these kinds. */
  read(text: string, path: ConfigPath): ConfigValue | undefined;
  /** The text with the value at the path set. @throws CliError where the text has no room for it. */
  write(text: string, path: ConfigPath, value: ConfigValue): string;
  /** The text without the value, and without what held only that, down to the first `kept` keys of the path. */
  remove(text: string, path: ConfigPath, kept: number): string;
  /** How many keys of the path lead to something that is there. */
  depth(text: string, path: ConfigPath): number;
}

/** How a text ends its lines. */
export function lineEnd(text: string): "\n" | "\r\n" {
  return text.includes("\r\n") ? "\r\n" : "\n";
}
