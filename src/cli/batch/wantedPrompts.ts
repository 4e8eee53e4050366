import type { ApiClient } from "../../client/apiClient.ts";
import type { Asker, Target } from "../../prompts/asker.ts";
import type { WantedPrompt } from "../../prompts/batch/askBatch.ts";
import type { BatchPrompt } from "../../prompts/batch/batchFile.ts";
import type { Wish } from "../chooseModel.ts";
import { targetOf } from "../cliAsker.ts";
import { UsageError } from "../exitCode.ts";
import { note } from "../output.ts";

/** What is said of all prompts of a batch. */
export interface BatchWish extends Wish {
  readonly system?: string;
}

/** Where each prompt goes. Every name of a model is looked up once. @throws UsageError that names the line */
export async function wantedOf(
  api: ApiClient,
  asker: Asker,
  flags: BatchWish,
  maxTokens: number,
  prompts: readonly BatchPrompt[],
): Promise<WantedPrompt[]> {
  const targets = new Map<string | undefined, Target>();
  for (const { line, model } of prompts) {
    const name = flags.model ?? model ?? undefined;
    if (!targets.has(name)) {
      const wish = {
        ...(flags.provider === undefined ? {} : { provider: flags.provider }),
        ...(name === undefined ? {} : { model: name }),
      };
      targets.set(name, await namedTarget(api, asker, wish, flags.model === undefined && model !== null ? line : null));
    }
  }
  return prompts.map((prompt) => {
    const system = prompt.system ?? flags.system ?? null;
    return {
      prompt,
      target: targets.get(flags.model ?? prompt.model ?? undefined) as Target,
      system,
      maxOutputTokens: prompt.maxOutputTokens ?? maxTokens,
      text: prompt.system === null && system !== null ? `${system}\n\n${prompt.text}` : prompt.text,
    };
  });
}

async function namedTarget(api: ApiClient, asker: Asker, wish: Wish, line: number | null): Promise<Target> {
  try {
    const target = await targetOf(api, asker, wish);
    if (wish.model !== undefined && target.model !== wish.model) {
      note(`tollgate: ${wish.model} is ${target.model} (${target.provider})`);
    }
    return target;
  } catch (error) {
    throw error instanceof UsageError && line !== null ? new UsageError(`line ${line}: ${error.message}`) : error;
  }
}
