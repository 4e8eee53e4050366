import type { Status } from "../domain/api.ts";
import { formatCount, formatTime } from "../domain/formats.ts";
import { formatUsd } from "../domain/money.ts";
import type { PanelCommand } from "../domain/panelMessages.ts";
import { Icon } from "./icons.tsx";

export type Run = (command: PanelCommand, budget?: string) => void;

interface HeaderProps {
  readonly status: Status | undefined;
  readonly run: Run;
}

/** Title, the moment of the figures, and what can be done from anywhere. */
export function Header({ status, run }: HeaderProps) {
  return (
    <header class="page-head">
      <h1>Costs</h1>
      {status !== undefined && (
        <span class="muted updated">
          Updated{" "}
          <time dateTime={status.now}>{formatTime(Date.parse(status.now), { timeZone: status.timeZone }, true)}</time>
        </span>
      )}
      <div class="tools">
        <button type="button" class="quiet square" title="Refresh" aria-label="Refresh" onClick={() => run("refresh")}>
          <Icon name="refresh" />
        </button>
        <button type="button" class="secondary" onClick={() => run("addKey")}>
          Add API Key…
        </button>
        <button type="button" class="secondary" onClick={() => run("setBudget")}>
          Set Budget…
        </button>
        <button type="button" onClick={() => run("ask")}>
          Ask…
        </button>
      </div>
    </header>
  );
}

/** What is wrong and needs a person to know. */
export function Notices({ notices }: { readonly notices: readonly string[] }) {
  if (notices.length === 0) {
    return null;
  }
  return (
    <ul class="notices" aria-label="Notices">
      {notices.map((notice) => (
        <li key={notice}>
          <Icon name="warning" />
          <span>{notice}</span>
        </li>
      ))}
    </ul>
  );
}

/** The figures that are asked for most. */
export function Figures({ status }: { readonly status: Status }) {
  return (
    <dl class="figures">
      <Figure name="Spent today" value={formatUsd(status.today.costNanoUsd)} note={calls(status.today.calls)} />
      <Figure name="This month" value={formatUsd(status.month.costNanoUsd)} note={calls(status.month.calls)} />
      <Figure name="Held now" value={formatUsd(status.heldNanoUsd)} note="worst case of open calls" />
      <Figure
        name="In flight"
        value={formatCount(status.callsInFlight)}
        note={status.callsInFlight === 1 ? "call" : "calls"}
      />
    </dl>
  );
}

function Figure({ name, value, note }: { readonly name: string; readonly value: string; readonly note: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong> <span class="muted">{note}</span>
      </dd>
    </div>
  );
}

function calls(count: number): string {
  return `${formatCount(count)} ${count === 1 ? "call" : "calls"}`;
}
