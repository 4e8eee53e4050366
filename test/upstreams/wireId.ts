import { createHash, randomBytes } from "node:crypto";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** A new identifier of letters and digits; unique over restarts, since a ledger books an id once. */
export const wireId = (prefix: string, length: number): string => {
  let id = prefix;
  for (const byte of randomBytes(length)) id += alphabet[byte % alphabet.length];
  return id;
};

/** A new identifier of hexadecimal digits. */
export const hexId = (prefix: string, digits: number): string =>
  prefix +
  randomBytes(Math.ceil(digits / 2))
    .toString("hex")
    .slice(0, digits);

/** Padding of 0 to 15 characters that is the same in every run: a stream's sizes then are too. */
export const padding = (seed: string): string => {
  const hash = createHash("sha256").update(seed).digest();
  return hash.toString("hex").slice(0, (hash[0] ?? 0) % 16);
};
