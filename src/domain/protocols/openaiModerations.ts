import type { Protocol } from "../protocol.ts";
import { openaiEmbeddings } from "./openaiEmbeddings.ts";
import { perHost } from "./perHost.ts";

const MODERATIONS = /(^|\/)moderations\/?$/;
const BILLS = /^https?:\/\/(?:[^/@]*@)?(?:[^/:?#]+\.)?mistral\.ai(?:[/:?#]|$)/i;

/** Moderation is free with OpenAI; Mistral bills its input, which comes and is reported as with embeddings. */
export const openaiModerationsProtocol = perHost(
  (baseUrl): Protocol => ({
    ...openaiEmbeddings,
    name: "openai-moderations",
    recognise: (method, path) =>
      method === "POST" && MODERATIONS.test(path) && BILLS.test(baseUrl ?? "") ? "metered" : null,
  }),
);
