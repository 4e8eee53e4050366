import type { PromptCount } from "../protocol.ts";
import { countOf, jsonText, objectOf, parseRequest } from "./jsonValue.ts";

/** What a count may fall short of what is billed by: it leaves tools out, and pictures and sound are counted anew. */
const MARGIN_TOKENS = 300;
const MARGIN = 1.1;

/**
 * Google's free `countTokens`. AI Studio takes the whole request under a name, and counts a cache that it names as well;
 * Vertex takes the parts of a request that make up its prompt.
 */
export const googleCount: PromptCount = {
  where(path, search) {
    const query = search
      .slice(1)
      .split("&")
      .filter((part) => part !== "" && !part.startsWith("alt="))
      .join("&");
    return `${path.replace(/:\w+$/, ":countTokens")}${query === "" ? "" : `?${query}`}`;
  },
  question(body, path) {
    const request = parseRequest(body);
    const [, model] = /((?:models|tunedModels)\/[^/]+):\w+$/.exec(path) ?? [];
    const isVertex = /(^|\/)(publishers|endpoints)\//.test(path) || model === undefined;
    const counted = isVertex
      ? Object.fromEntries(Object.entries(request).filter(([name]) => VERTEX_COUNTS.has(plainName(name))))
      : { generateContentRequest: { ...request, model } };
    return Buffer.from(jsonText(counted));
  },
  tokensIn(answer, { hiddenInput }) {
    const { totalTokens, cachedContentTokenCount } = objectOf(answer);
    const total = countOf(totalTokens);
    const cached = countOf(cachedContentTokenCount);
    return total === null || (hiddenInput === true && cached === null)
      ? null
      : Math.ceil(total * MARGIN) + (cached ?? 0) + MARGIN_TOKENS;
  },
};

function plainName(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}

const VERTEX_COUNTS: ReadonlySet<string> = new Set(["contents", "systeminstruction", "tools", "generationconfig"]);
