import type { ComponentChildren } from "preact";
import type { SummaryGroup } from "../domain/api.ts";
import { formatCount, formatDuration, formatTokens } from "../domain/formats.ts";
import { Amount } from "./amounts.tsx";
import { isUnknownPrice } from "./modelColumns.ts";

/** What a group cost, never an unknown price as nothing. */
export function GroupCost({ group, align }: { readonly group: SummaryGroup; readonly align: number }) {
  if (isUnknownPrice(group)) {
    return <span class="muted">unknown price</span>;
  }
  return (
    <>
      {group.unpricedCalls > 0 && <abbr title="At least: the price of some calls is not known">≥ </abbr>}
      <Amount nanoUsd={group.costNanoUsd} align={align} estimated={group.estimatedCalls > 0} />
    </>
  );
}

export function Cell({ quiet, title, children }: { quiet: boolean; title?: string; children: ComponentChildren }) {
  return (
    <td class={quiet ? "number muted" : "number"} {...(title === undefined ? {} : { title })}>
      {children}
    </td>
  );
}

export function Count({ value, bad }: { readonly value: number; readonly bad: boolean }) {
  return value > 0 && bad ? <td class="number bad">{formatCount(value)}</td> : <Cell quiet={value === 0}>{value}</Cell>;
}

export function Tokens({ value }: { readonly value: number }) {
  return (
    <Cell quiet={value === 0} title={`${formatCount(value)} tokens`}>
      {formatTokens(value)}
    </Cell>
  );
}

export function Latency({ value }: { readonly value: number | null }) {
  return <Cell quiet={value === null}>{value === null ? "—" : formatDuration(value)}</Cell>;
}
