import type { ClientFolder } from "./clientInstall.ts";
import type { TokenPrices } from "./sentUsage.ts";

/** Where a client is run: a fresh home, a project that is a Git repository, and Tollgate's own command. */
export interface Place {
  readonly home: string;
  readonly project: string;
  readonly installed: ClientFolder;
  /** Runs `tollgate` as the client's user would. @throws Error where it fails. */
  tollgate(...args: string[]): Promise<string>;
  /** Runs a client's own command for its set-up. @throws Error where it fails. */
  run(...command: CommandLine): Promise<string>;
  /** Writes a file below the home folder. */
  write(path: string, content: string): void;
}

/** A program and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

/** A real client, and what is to be seen of it. */
export interface Client {
  readonly name: string;
  readonly packageName: string;
  readonly version: string;
  /** The provider that it is made to ask. */
  readonly provider: "openai" | "anthropic" | "google";
  /** As it is booked. */
  readonly tool: string;
  /** Whether its calls name a session of its own. */
  readonly hasSessions: boolean;
  /** The most calls that it makes when its budget is spent. */
  readonly callsWhenSpent: number;
  /** What its users do to point it at the gateway, for the document. */
  readonly pointedBy: string;
  readonly env: Readonly<Record<string, string>>;
  /** Nano-USD a token, by the model that is served: written down here by hand from what providers publish. */
  readonly prices: Readonly<Record<string, TokenPrices>>;
  /** Done once, before its first call. */
  prepare?(place: Place): Promise<void>;
  /** Asks something without a terminal. */
  ask(place: Place): CommandLine;
}
