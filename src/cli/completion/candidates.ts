import type { Argument, Command, Option } from "commander";

/** One way to go on. */
export interface Candidate {
  readonly value: string;
  readonly about: string;
}

/** What stands at the end of a line so far, in words: candidates, or what the shell itself completes best. */
export type Completion = readonly Candidate[] | "files" | "folders" | "commands";

/** Values that only the sidecar knows. */
export type Known = "providers" | "models" | "budgets" | "passes";

/** Looks up values; `provider` is the one that the line names, where it names one. Never throws. */
export type LookUp = (known: Known, provider: string | undefined) => Promise<readonly Candidate[]>;

/** Where a line stands: the command it has come to, and what of it is there already. */
interface Place {
  readonly command: Command;
  readonly given: ReadonlyMap<Option, string | null>;
  readonly words: readonly string[];
  /** The option whose value comes next; null where none is open. */
  readonly open: Option | null;
  /** Nothing but arguments follows: after `--`, or in what belongs to another program. */
  readonly onlyArguments: boolean;
}

/**
 * What can stand at the end of a command line. `words` are those behind the program's name; the last one is not finished,
 * and empty where nothing of it is there yet.
 */
export async function completionOf(program: Command, words: readonly string[], lookUp: LookUp): Promise<Completion> {
  const last = words.at(-1) ?? "";
  const place = placeAfter(program, words.slice(0, -1));
  const provider = providerNamed(place);
  const [, name, begun] = /^(--[^=]+)=(.*)$/s.exec(last) ?? [];
  if (place.open !== null) {
    return startingWith(await valuesOf(place.open, provider, lookUp), last);
  }
  if (name !== undefined && !place.onlyArguments) {
    const option = optionNamed(place.command, name);
    const values = option === undefined ? [] : await valuesOf(option, provider, lookUp);
    return typeof values === "string"
      ? values
      : startingWith(
          values.map(({ value, about }) => ({ value: `${name}=${value}`, about })),
          `${name}=${begun}`,
        );
  }
  if (last.startsWith("-") && !place.onlyArguments) {
    return startingWith(optionsLeft(place), last);
  }
  const argument = argumentAt(place);
  const values = argument === undefined ? [] : await valuesOf(argument, provider, lookUp);
  if (typeof values === "string") {
    return values;
  }
  const commands = place.words.length > 0 || place.onlyArguments ? [] : commandsBelow(place.command);
  return startingWith([...commands, ...values], last);
}

/** Follows the words from the program down to the command that they name. */
function placeAfter(program: Command, words: readonly string[]): Place {
  let command = program;
  const given = new Map<Option, string | null>();
  const rest: string[] = [];
  let open: Option | null = null;
  let onlyArguments = false;
  for (const word of words) {
    if (open !== null) {
      given.set(open, word);
      open = null;
    } else if (onlyArguments || !word.startsWith("-") || word === "-") {
      const below = rest.length === 0 && !onlyArguments ? named(command, word) : undefined;
      if (below === undefined) {
        rest.push(word);
        onlyArguments ||= argumentOf(command, 0)?.name() === "command";
      } else {
        command = below;
        given.clear();
      }
    } else if (word === "--") {
      onlyArguments = true;
    } else {
      const [name = "", value] = word.split(/=(.*)/s);
      const option = optionNamed(command, name);
      if (option !== undefined) {
        given.set(option, value ?? null);
        open = takesValue(option) && value === undefined ? option : null;
      }
    }
  }
  return { command, given, words: rest, open, onlyArguments };
}

function named(command: Command, name: string): Command | undefined {
  return command.commands.find((one) => one.name() === name || one.aliases().includes(name));
}

function optionNamed(command: Command, name: string): Option | undefined {
  return command.options.find(({ long, short }) => long === name || short === name);
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function argumentOf({ registeredArguments: all }: Command, index: number): Argument | undefined {
  const last = all.at(-1);
  return all[index] ?? (last?.variadic === true ? last : undefined);
}

function argumentAt({ command, words }: Place): Argument | undefined {
  return argumentOf(command, words.length);
}

function commandsBelow(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ value: one.name(), about: one.summary() || one.description() }));
}

/** Options that are not there yet, or can be given again. */
function optionsLeft({ command, given }: Place): Candidate[] {
  const left = command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => !given.has(option) || collects(option));
  return left.flatMap(({ long, description }) => (long ? [{ value: long, about: description }] : []));
}

/** Whether an option may be given any number of times: such have a function that collects their values. */
function collects({ parseArg, argChoices }: Option): boolean {
  return parseArg !== undefined && argChoices === undefined;
}

function providerNamed({ command, given, words }: Place): string | undefined {
  const option = [...given].find(([{ long }]) => long === "--provider");
  const index = command.registeredArguments.findIndex((argument) => argument.name() === "provider");
  return option?.[1] ?? (index === -1 ? undefined : words[index]);
}

/** What a value is called in the usage tells what it is: `--config <file>`, `prices show <provider>`. */
const BY_PLACEHOLDER: Readonly<Record<string, Known | "files" | "folders" | "commands">> = {
  file: "files",
  dir: "folders",
  command: "commands",
  args: "files",
  provider: "providers",
  model: "models",
  budget: "budgets",
  pass: "passes",
};
const BY_OPTION: Readonly<Record<string, Known>> = { "--provider": "providers", "--model": "models" };

async function valuesOf(taker: Option | Argument, provider: string | undefined, lookUp: LookUp): Promise<Completion> {
  if (taker.argChoices !== undefined) {
    return taker.argChoices.map((value) => ({ value, about: "" }));
  }
  const isOption = "long" in taker;
  const placeholder = isOption ? /<([^>]+)>/.exec(taker.flags)?.[1] : taker.name();
  const known = (isOption ? BY_OPTION[taker.long ?? ""] : undefined) ?? BY_PLACEHOLDER[placeholder ?? ""];
  return known === undefined || known === "files" || known === "folders" || known === "commands"
    ? (known ?? [])
    : await lookUp(known, provider);
}

function startingWith(candidates: Completion, begun: string): Completion {
  return typeof candidates === "string" ? candidates : candidates.filter(({ value }) => value.startsWith(begun));
}
