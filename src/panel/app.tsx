import { useCallback, useEffect, useState } from "preact/hooks";
import type { Overview, Status } from "../domain/api.ts";
import { budgetLevel } from "../domain/budgetLevel.ts";
import { formatTime } from "../domain/formats.ts";
import { Budgets } from "./budgets.tsx";
import { ComputeTable } from "./computeTable.tsx";
import { Figures, Header, Notices, type Run } from "./header.tsx";
import type { PanelHost } from "./host.ts";
import { Icon } from "./icons.tsx";
import { modelFigures } from "./modelColumns.ts";
import { ModelsTable } from "./modelsTable.tsx";
import { type PanelState, restoredState } from "./panelState.ts";
import { RecentCalls } from "./recentCalls.tsx";
import { SpendOverDays } from "./spendOverDays.tsx";
import { Warnings } from "./warnings.tsx";
import { WhoSpentTable } from "./whoSpentTable.tsx";

/** The whole panel: keeps the last snapshot, and how it is looked at. */
export function App({ host }: { readonly host: PanelHost }) {
  const [overview, setOverview] = useState<Overview>();
  const [reason, setReason] = useState<string>();
  const [state, setState] = useState(() => restoredState(host.load()));

  const change = useCallback((part: Partial<PanelState>) => setState((before) => ({ ...before, ...part })), []);
  useEffect(() => host.save(state), [host, state]);
  const run = useCallback<Run>(
    (command, budget) => host.post({ type: "command", command, ...(budget === undefined ? {} : { budget }) }),
    [host],
  );

  useEffect(() => {
    const end = host.listen((message) => {
      if (message.type === "overview") {
        setOverview(message.overview);
        setReason(undefined);
      } else {
        setReason(message.reason);
      }
    });
    const ready = () => {
      if (!document.hidden) {
        const { range, spender } = restoredState(host.load());
        host.post({ type: "view", days: range, by: spender });
      }
    };
    ready();
    document.addEventListener("visibilitychange", ready);
    return () => {
      end();
      document.removeEventListener("visibilitychange", ready);
    };
  }, [host]);

  const look = ({ range, spender }: Pick<PanelState, "range" | "spender">) => {
    change({ range, spender });
    host.post({ type: "view", days: range, by: spender });
  };

  useScrollKept(overview !== undefined, state.scroll, change);

  return (
    <main>
      <Header status={overview?.status} run={run} />
      {reason !== undefined && <Unavailable reason={reason} since={overview?.status} run={run} />}
      {overview === undefined ? (
        reason === undefined && <p class="loading muted">Reading the ledger…</p>
      ) : (
        <>
          <p class="unseen" role="status">
            {stateInWords(overview.status)}
          </p>
          <Notices notices={overview.status.notices} />
          <Figures status={overview.status} />
          <Budgets status={overview.status} run={run} />
          <Warnings overview={overview} />
          {isEmpty(overview) ? (
            <Empty run={run} />
          ) : (
            <>
              <SpendOverDays
                days={overview.days}
                range={state.range}
                asTable={state.daysAsTable}
                onRange={(range) => look({ ...state, range })}
                onAsTable={(daysAsTable) => change({ daysAsTable })}
              />
              <ModelsTable
                models={modelFigures(overview)}
                days={overview.days.length}
                sort={state.sort}
                onSort={(sort) => change({ sort })}
              />
              <WhoSpentTable
                whoSpent={overview.whoSpent}
                days={overview.days.length}
                chosen={state.spender}
                onChoose={(spender) => look({ ...state, spender })}
              />
            </>
          )}
          <ComputeTable overview={overview} />
          {!isEmpty(overview) && <RecentCalls overview={overview} />}
        </>
      )}
    </main>
  );
}

/** Brings back the place that was looked at, once there is something to scroll, and remembers it from then on. */
function useScrollKept(filled: boolean, saved: number, change: (part: Partial<PanelState>) => void): void {
  useEffect(() => {
    if (!filled) {
      return;
    }
    window.scrollTo(0, saved);
    const moved = () => change({ scroll: window.scrollY });
    document.addEventListener("scrollend", moved);
    return () => document.removeEventListener("scrollend", moved);
  }, [filled]);
}

function isEmpty(overview: Overview): boolean {
  return overview.recentCalls.length === 0 && overview.models.length === 0 && overview.status.month.calls === 0;
}

function Empty({ run }: { readonly run: Run }) {
  return (
    <div class="nothing centred">
      <h2>No calls yet</h2>
      <p>Every call that passes the gate will be shown here, with its tokens, its price and its place in the budget.</p>
      <div class="actions">
        <button type="button" onClick={() => run("ask")}>
          Ask…
        </button>
        <button type="button" class="secondary" onClick={() => run("addKey")}>
          Add API Key…
        </button>
      </div>
    </div>
  );
}

interface UnavailableProps {
  readonly reason: string;
  /** The last figures there are. */
  readonly since: Status | undefined;
  readonly run: Run;
}

function Unavailable({ reason, since, run }: UnavailableProps) {
  return (
    <div class="unavailable" role="alert">
      <Icon name="bad" />
      <div>
        <p>
          <strong>The gate cannot be reached, so no call passes.</strong> {reason}
        </p>
        {since !== undefined && (
          <p class="muted">
            The figures below are from {formatTime(Date.parse(since.now), { timeZone: since.timeZone }, true)}.
          </p>
        )}
        <div class="actions">
          <button type="button" onClick={() => run("refresh")}>
            Try Again
          </button>
          <button type="button" class="secondary" onClick={() => run("showLog")}>
            Show Log
          </button>
        </div>
      </div>
    </div>
  );
}

/** Spoken when it changes. */
function stateInWords({ budgets }: Status): string {
  return budgets
    .flatMap((budget) => [
      ...(budgetLevel(budget) === "spent" ? [`Budget ${budget.name} is spent.`] : []),
      ...(budget.paused ? [`Budget ${budget.name} is paused.`] : []),
    ])
    .join(" ");
}
