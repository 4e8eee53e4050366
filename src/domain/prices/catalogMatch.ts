import type { ModelPrice } from "@pydantic/genai-prices";
import type { CatalogModel, CatalogProvider } from "./catalogData.ts";

type Match = CatalogModel["match"];
type Test = (name: string) => boolean;

/** Longer names are no model's: patterns are not run over whatever a client sends. */
const LONGEST_NAME = 300;

/** Finds models of one provider by the names that programs give them, as the catalogue's own library does. */
export class ModelFinder {
  readonly #tests: ReadonlyArray<readonly [test: Test, model: CatalogModel]>;

  constructor({ models }: CatalogProvider) {
    this.#tests = models.map((model) => [testOf(model.match), model]);
  }

  /** The first model that the name matches, written as given. */
  find(name: string): CatalogModel | null {
    if (name === "" || name.length > LONGEST_NAME) {
      return null;
    }
    return this.#tests.find(([test]) => test(name))?.[1] ?? null;
  }
}

/** A name as the catalogue's rules compare it. */
export function comparable(name: string): string {
  return name.toLowerCase().trim();
}

/** The same name with its dates in long form, `-20250929` as `-2025-09-29`; null where it holds none. */
export function withLongDates(name: string): string | null {
  const long = name.replace(SHORT_DATE, (whole, year: string, month: string, day: string) => {
    const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
    return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
      ? `-${year}-${month}-${day}`
      : whole;
  });
  return long === name ? null : long;
}
const SHORT_DATE = /-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g;

/** Whether a rule takes exactly this name among others: `x` for `{"equals": "x"}`, alone or as an alternative. */
export function namesExactly(match: Match, name: string): boolean {
  return namesIn(match).some(({ text, exact }) => exact && comparable(text) === name);
}

/** Names that a rule spells out, whole or in part; a part by itself matches as well. */
export function namesIn(match: Match): Array<{ readonly text: string; readonly exact: boolean }> {
  if ("or" in match) {
    return match.or.flatMap(namesIn);
  }
  if ("equals" in match) {
    return [{ text: match.equals, exact: true }];
  }
  const part = "starts_with" in match ? match.starts_with : "contains" in match ? match.contains : null;
  const end = "ends_with" in match ? match.ends_with : part;
  return end === null ? [] : [{ text: end, exact: false }];
}

/** The prices of a model at a time, ms since the epoch: of dated ones the last that holds. */
export function pricesAt({ prices }: CatalogModel, atMs: number): ModelPrice {
  if (!Array.isArray(prices)) {
    return prices;
  }
  const held = prices.findLast(({ constraint }) => constraint === undefined || holdsAt(constraint, atMs));
  return (held ?? prices[0])?.prices ?? {};
}

type Constraint = NonNullable<Extract<CatalogModel["prices"], unknown[]>[number]["constraint"]>;

function holdsAt(constraint: Constraint, atMs: number): boolean {
  if (constraint.type === "start_date") {
    return atMs >= Date.parse(`${constraint.start_date}T00:00:00Z`);
  }
  const second = (((atMs / 1_000) % 86_400) + 86_400) % 86_400;
  const start = secondOfDay(constraint.start_time);
  const end = secondOfDay(constraint.end_time);
  return end < start ? second >= start || second < end : second >= start && second < end;
}

/** Seconds after midnight in UTC of `08:30:00+01:00`. */
function secondOfDay(time: string): number {
  const [, hours = "0", minutes = "0", seconds = "0", zone = "Z"] = /^(\d+):(\d+):(\d+)(.*)$/.exec(time) ?? [];
  const [, sign = "+", zoneHours = "0", zoneMinutes = "0"] = /^([+-])(\d+):(\d+)$/.exec(zone) ?? [];
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60 * (sign === "-" ? -1 : 1);
  const local = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  return (((local - offset) % 86_400) + 86_400) % 86_400;
}

/** A rule as a test of comparable names. */
export function testOf(match: Match): Test {
  if ("or" in match) {
    const tests = match.or.map(testOf);
    return (name) => tests.some((test) => test(name));
  }
  if ("and" in match) {
    const tests = match.and.map(testOf);
    return (name) => tests.every((test) => test(name));
  }
  if ("regex" in match) {
    const expression = new RegExp(match.regex);
    return (name) => expression.test(name);
  }
  if ("equals" in match) {
    const text = match.equals.toLowerCase();
    return (name) => name === text;
  }
  if ("starts_with" in match) {
    const text = match.starts_with.toLowerCase();
    return (name) => name.startsWith(text);
  }
  if ("ends_with" in match) {
    const text = match.ends_with.toLowerCase();
    return (name) => name.endsWith(text);
  }
  const text = match.contains.toLowerCase();
  return (name) => name.includes(text);
}
