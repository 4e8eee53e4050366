import type { Overview } from "../domain/api.ts";
import type { Call } from "../domain/call.ts";
import { formatCount, formatDuration, formatMoment, formatTokens } from "../domain/formats.ts";
import { CallCost, decimalsOf } from "./amounts.tsx";
import { callWords, modelName, modelWords } from "./callWords.ts";
import { Icon } from "./icons.tsx";
import { Scroller, Section } from "./section.tsx";

/** The latest calls, newest first. */
export function RecentCalls({ overview }: { readonly overview: Overview }) {
  const { recentCalls: calls, status } = overview;
  const align = decimalsOf(calls.map((call) => call.computeShareNanoUsd ?? call.costNanoUsd));
  return (
    <Section title="Recent calls">
      {calls.length === 0 ? (
        <p class="muted">No calls yet.</p>
      ) : (
        <Scroller label="Recent calls, a table that scrolls">
          <table class="calls">
            <caption class="unseen">The latest calls, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Model</th>
                <th scope="col" class="number">
                  Cost
                </th>
                <th scope="col">Status</th>
                <th scope="col">Tool</th>
                <th scope="col">Project</th>
                <th scope="col" class="number" title="Input tokens, cached ones included">
                  In
                </th>
                <th scope="col" class="number" title="Cached input tokens">
                  Cached
                </th>
                <th scope="col" class="number" title="Output tokens">
                  Out
                </th>
                <th scope="col" class="number">
                  Latency
                </th>
              </tr>
            </thead>
            <tbody>
              {calls.map((call) => (
                <CallRow
                  key={call.id}
                  call={call}
                  align={align}
                  now={Date.parse(status.now)}
                  timeZone={status.timeZone}
                />
              ))}
            </tbody>
          </table>
        </Scroller>
      )}
    </Section>
  );
}

interface CallRowProps {
  readonly call: Call;
  readonly align: number;
  readonly now: number;
  readonly timeZone: string;
}

function CallRow({ call, align, now, timeZone }: CallRowProps) {
  const { word, tone, detail } = callWords(call);
  const { usage } = call;
  return (
    <tr>
      <td>
        <time dateTime={call.startedAt}>{formatMoment(Date.parse(call.startedAt), now, { timeZone })}</time>
      </td>
      <th scope="row">
        <span class="name" title={modelWords(call)}>
          {modelName(call.model)}
        </span>{" "}
        <span class="muted">{call.provider}</span>
      </th>
      <td class="number">
        <CallCost call={call} align={align} />
      </td>
      <td class={tone} title={detail}>
        <Icon name={call.status === "refused" ? "refused" : tone} />
        {word}
      </td>
      <td>{call.tool ?? <span class="muted">—</span>}</td>
      <td>{call.project ?? <span class="muted">—</span>}</td>
      <TokenCells
        counts={[usage.inputTokens, usage.cachedInputTokens, usage.outputTokens]}
        known={call.usageBasis !== "none"}
      />
      <td class="number">
        {call.status === "refused" ? <span class="muted">—</span> : formatDuration(call.latencyMs)}
      </td>
    </tr>
  );
}

function TokenCells({ counts, known }: { readonly counts: readonly number[]; readonly known: boolean }) {
  return counts.map((count, index) => (
    <td
      key={index}
      class={known && count > 0 ? "number" : "number muted"}
      title={known ? formatCount(count) : undefined}
    >
      {known ? formatTokens(count) : "—"}
    </td>
  ));
}
