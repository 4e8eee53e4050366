import { countTokens } from "./tokens.ts";

/** Shorter beginnings are not cached (OpenAI; most Anthropic models). */
export const smallestCachedTokens = 1024;

/** OpenAI's implicit cache reports what it found in steps of this size. */
const step = 128;

/** OpenAI's way: remembers whole prompts, and finds by itself how much of the beginning was seen before. */
export type ImplicitCache = { look(model: string, prompt: string): number };

export const createImplicitCache = (): ImplicitCache => {
  const seen = new Map<string, string[]>();
  return {
    look(model, prompt) {
      const earlier = seen.get(model) ?? [];
      let longest = 0;
      for (const other of earlier) longest = Math.max(longest, commonLength(other, prompt));
      seen.set(model, [...earlier, prompt].slice(-100));
      // Whole tokens only, and never the whole prompt: the last token has to be computed.
      const tokens = Math.min(Math.floor(longest / 4), countTokens(prompt) - 1);
      return tokens < smallestCachedTokens ? 0 : tokens - (tokens % step);
    },
  };
};

const commonLength = (a: string, b: string): number => {
  const end = Math.min(a.length, b.length);
  let i = 0;
  while (i < end && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  return i;
};

/** Anthropic's way: the request marks where beginnings end that shall be kept. */
export type Breakpoint = { prefix: string; ttl: "5m" | "1h" };
export type MarkedUse = { read: number; written5m: number; written1h: number };
export type MarkedCache = { look(model: string, breakpoints: Breakpoint[]): MarkedUse };

/** Entries never expire here: a test that needs a cold cache takes another prompt. */
export const createMarkedCache = (): MarkedCache => {
  const kept = new Map<string, Set<string>>();
  return {
    look(model, breakpoints) {
      const entries = kept.get(model) ?? new Set<string>();
      kept.set(model, entries);
      const usable = breakpoints.filter(({ prefix }) => countTokens(prefix) >= smallestCachedTokens);
      const last = usable.at(-1)?.prefix ?? "";
      let read = 0;
      for (const entry of entries) if (last.startsWith(entry)) read = Math.max(read, countTokens(entry));
      const use: MarkedUse = { read, written5m: 0, written1h: 0 };
      let upTo = read;
      for (const { prefix, ttl } of usable) {
        const tokens = countTokens(prefix);
        if (tokens > upTo) {
          use[ttl === "1h" ? "written1h" : "written5m"] += tokens - upTo;
          upTo = tokens;
        }
        entries.add(prefix);
      }
      return use;
    },
  };
};
