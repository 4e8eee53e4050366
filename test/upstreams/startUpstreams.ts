import { startAnthropicUpstream } from "./anthropicUpstream.ts";
import { startGoogleUpstream } from "./googleUpstream.ts";
import { startOpenaiUpstream } from "./openaiUpstream.ts";
import type { Behaviour } from "./script.ts";
import type { Upstream } from "./upstreamServer.ts";
import { startVllmUpstream, type VllmUpstream } from "./vllmUpstream.ts";

/** The simulated providers. */
export type Upstreams = {
  openai: Upstream;
  anthropic: Upstream;
  vllm: VllmUpstream;
  google: Upstream;
  /** Closes all ports and connections. */
  stop(): Promise<void>;
};

export type UpstreamsOptions = {
  /** OpenAI takes this port, Anthropic the next, then vLLM and Google; absent: free ones. */
  portBase?: number;
  /** For every call of every server. */
  default?: Behaviour;
};

/** Pacing at which people can watch an answer being written. */
export const demoPacing: Behaviour = { delayMs: 250, gapMs: 15 };

/** Starts all on 127.0.0.1; if one fails to, the others are stopped again. */
export const startUpstreams = async (options: UpstreamsOptions = {}): Promise<Upstreams> => {
  const { portBase } = options;
  const at = (offset: number) => ({
    port: portBase === undefined ? 0 : portBase + offset,
    default: options.default ?? {},
  });
  const started: Upstream[] = [];
  const keep = <T extends Upstream>(upstream: T): T => {
    started.push(upstream);
    return upstream;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((upstream) => upstream.stop()));
  };
  try {
    const openai = keep(await startOpenaiUpstream(at(0)));
    const anthropic = keep(await startAnthropicUpstream(at(1)));
    const vllm = keep(await startVllmUpstream(at(2)));
    const google = keep(await startGoogleUpstream(at(3)));
    return { openai, anthropic, vllm, google, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
