import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Budget, budgetSchema } from "../domain/budget.ts";
import {
  type Config,
  ConfigError,
  configSchema,
  defaultConfig,
  type Environment,
  parseConfig,
  parseNamed,
} from "../domain/config.ts";
import { isMissing, writePrivately } from "./dataFolder.ts";

const CONFIG_FILE = "config.json";

type RawConfig = Record<string, unknown>;

export interface ConfigStoreOptions {
  readonly dataDir: string;
  /** A configuration file the user named: it says everything. Else the data folder's own lies over the defaults. */
  readonly file?: string | undefined;
  readonly environment: Environment;
}

/** The configuration in force and the file it is kept in. */
export class ConfigStore {
  readonly path: string;
  readonly #defaults: Config | null;
  #written: RawConfig;
  #effective: Config;

  /** @throws ConfigError that names the file and the key that is wrong. */
  constructor(options: ConfigStoreOptions) {
    this.path = options.file ?? join(options.dataDir, CONFIG_FILE);
    this.#defaults = options.file === undefined ? defaultConfig(options.environment) : null;
    this.#written = readRaw(this.path, options.file !== undefined);
    this.#effective = this.#resolve(this.#written);
  }

  get config(): Config {
    return this.#effective;
  }

  /**
   * Puts parts of a configuration in force and writes them to the file. `providers` are added or replaced by name, or taken
   * out where null stands for one (a built-in one is then as it was built in); the other parts are replaced as a whole.
   * Nothing changes when anything is wrong; `check` can throw for what the configuration alone does not tell.
   * @throws ConfigError
   */
  patch(changes: unknown, check: (parts: Partial<Config>) => void = () => {}): Config {
    const { given, removed } = withoutRemovals(changes);
    const parts = parseNamed(configSchema.partial(), given) as RawConfig;
    check(parts);
    const next: RawConfig = { ...this.#written };
    for (const key of Object.keys(given as RawConfig)) {
      next[key] =
        key === "providers"
          ? { ...(next.providers as RawConfig | undefined), ...(parts[key] as RawConfig) }
          : parts[key];
    }
    if (removed.length > 0) {
      const kept = Object.entries((next.providers as RawConfig | undefined) ?? {}).filter(
        ([name]) => !removed.includes(name),
      );
      next.providers = Object.fromEntries(kept);
    }
    return this.#commit(next);
  }

  /** Adds a budget, or replaces the one of that name. @throws ConfigError */
  setBudget(input: unknown): Budget {
    const budget = parseNamed(budgetSchema, input, "budget");
    const budgets = this.#effective.budgets;
    const known = budgets.some(({ name }) => name === budget.name);
    this.#commit({
      ...this.#written,
      budgets: known ? budgets.map((other) => (other.name === budget.name ? budget : other)) : [...budgets, budget],
    });
    return budget;
  }

  /** Whether there was such a budget. */
  removeBudget(name: string): boolean {
    const rest = this.#effective.budgets.filter((budget) => budget.name !== name);
    if (rest.length === this.#effective.budgets.length) {
      return false;
    }
    this.#commit({ ...this.#written, budgets: rest });
    return true;
  }

  #commit(next: RawConfig): Config {
    const effective = this.#resolve(next);
    writePrivately(this.path, `${JSON.stringify(next, null, 2)}\n`);
    this.#written = next;
    this.#effective = effective;
    return effective;
  }

  #resolve(written: RawConfig): Config {
    try {
      const parsed = parseConfig(written);
      if (this.#defaults === null) {
        return parsed;
      }
      return {
        ...parsed,
        providers: { ...this.#defaults.providers, ...parsed.providers },
        budgets: "budgets" in written ? parsed.budgets : this.#defaults.budgets,
      };
    } catch (error) {
      throw error instanceof ConfigError ? new ConfigError(`${this.path}: ${error.message}`) : error;
    }
  }
}

/** Providers that are to be taken out stand as null. What is no object is left for the check to name. */
function withoutRemovals(changes: unknown): { readonly given: unknown; readonly removed: readonly string[] } {
  const providers = isObject(changes) ? changes.providers : undefined;
  if (!isObject(changes) || !isObject(providers)) {
    return { given: changes, removed: [] };
  }
  const entries = Object.entries(providers);
  return {
    given: { ...changes, providers: Object.fromEntries(entries.filter(([, provider]) => provider !== null)) },
    removed: entries.filter(([, provider]) => provider === null).map(([name]) => name),
  };
}

function isObject(value: unknown): value is RawConfig {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readRaw(path: string, mustExist: boolean): RawConfig {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error) && !mustExist) {
      return {};
    }
    throw new ConfigError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed)) {
      return parsed;
    }
  } catch (error) {
    throw new ConfigError(`${path} is not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new ConfigError(`${path} is not a JSON object`);
}
