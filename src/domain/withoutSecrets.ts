/** What providers' keys, tokens and credentials look like, in headers, addresses and running text. */
const SECRETS: readonly RegExp[] = [
  /\b(bearer|basic|token|api[-_ ]?key|password|secret|authorization)(["']?\s*[:=]\s*["']?|\s+)(?!is\b|was\b|not\b|provided\b|wrong\b|missing\b)[^\s"',;]{6,}/gi,
  /\b(?:sk|pk|rk|ak|gsk|xai|hf|pplx|ghp|gho|ghs|glpat|csk|r8|fw|tgp|nvapi|key|tok)[-_][\w*.-]{6,}/gi,
  /\bAIza[\w*-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9*]{8,}/g,
  /\beyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?/g,
  // The user and password of an address.
  /(?<=:\/\/)[^/\s@]+@/g,
  // A gateway's pass, and whatever else is long and neither a word nor a number.
  /(?<=\/p\/)[\w-]{16,}/g,
  /\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{32,}/g,
];

/** A text with whatever may be secret in it replaced by `…`, on one line and of at most so many characters. */
export function withoutSecrets(text: string, longest = 300): string {
  let safe = text;
  for (const secret of SECRETS) {
    safe = safe.replace(secret, "…");
  }
  safe = safe.replace(/\s+/g, " ").trim();
  return safe.length > longest ? `${safe.slice(0, longest - 1)}…` : safe;
}
