import { formatCount } from "../domain/formats.ts";
import { decimalsOf } from "./amounts.tsx";
import { modelName } from "./callWords.ts";
import { Cell, Count, GroupCost, Latency, Tokens } from "./groupCells.tsx";
import {
  errorWords,
  MODEL_COLUMNS,
  type ModelColumnKey,
  type ModelFigures,
  sortedModels,
  totalOf,
} from "./modelColumns.ts";
import type { PanelState } from "./panelState.ts";
import { Scroller, Section } from "./section.tsx";

interface ModelsTableProps {
  readonly models: readonly ModelFigures[];
  /** Days that are summed up. */
  readonly days: number;
  readonly sort: PanelState["sort"];
  readonly onSort: (sort: PanelState["sort"]) => void;
}

/** Spend, tokens and speed of each model. */
export function ModelsTable({ models, days, sort, onSort }: ModelsTableProps) {
  const total = totalOf(models);
  const align = decimalsOf([total.costNanoUsd, ...models.map((model) => model.costNanoUsd)]);
  return (
    <Section title="Models" note={noteOn(days, total.unpricedCalls)}>
      <Scroller label="Models, a table that scrolls">
        <table class="pinned">
          <caption class="unseen">Cost, calls, tokens and latency by model</caption>
          <thead>
            <tr>
              {MODEL_COLUMNS.map((column) => (
                <th
                  scope="col"
                  key={column.key}
                  class={column.key === "provider" ? "beside" : isText(column.key) ? "" : "number"}
                  {...(sort.by === column.key
                    ? { "aria-sort": sort.descending ? ("descending" as const) : ("ascending" as const) }
                    : {})}
                >
                  <button
                    type="button"
                    class="sorter"
                    title={column.meaning}
                    onClick={() => onSort(next(sort, column.key))}
                  >
                    {column.title}
                    <span class="direction" aria-hidden="true">
                      {sort.by === column.key ? (sort.descending ? "↓" : "↑") : ""}
                    </span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sortedModels(models, sort.by, sort.descending).map((model) => (
              <ModelRow key={`${model.provider}/${model.key}`} model={model} align={align} />
            ))}
          </tbody>
          {models.length > 1 && (
            <tfoot>
              <ModelRow model={total} align={align} />
            </tfoot>
          )}
        </table>
      </Scroller>
    </Section>
  );
}

function noteOn(days: number, unpriced: number): string {
  return unpriced === 0
    ? `in ${days} days`
    : `in ${days} days; the price of ${formatCount(unpriced)} ${unpriced === 1 ? "call" : "calls"} is not known`;
}

/** Names begin at A, figures at the greatest; a second press turns the order round. */
function next(sort: PanelState["sort"], by: ModelColumnKey): PanelState["sort"] {
  return { by, descending: sort.by === by ? !sort.descending : !isText(by) };
}

function isText(key: ModelColumnKey): boolean {
  return key === "model" || key === "provider";
}

function ModelRow({ model, align }: { readonly model: ModelFigures; readonly align: number }) {
  return (
    <tr>
      <th scope="row">
        <span class="name" title={model.key}>
          {modelName(model.key)}
        </span>
        {model.provider !== null && <span class="beneath muted">{model.provider}</span>}
      </th>
      <td class="beside muted">{model.provider ?? ""}</td>
      <td class="number">
        <GroupCost group={model} align={align} />
      </td>
      <td class="number">{formatCount(model.calls)}</td>
      <Count value={model.errors} bad />
      <Count value={model.refused} bad />
      <Tokens value={model.inputTokens} />
      <Tokens value={model.cachedInputTokens} />
      <Tokens value={model.outputTokens} />
      <Latency value={model.averageLatencyMs} />
      <Latency value={model.p95LatencyMs} />
      <Latency value={model.averageFirstTokenMs} />
      <EstimateErrorCell error={model.estimateError} />
    </tr>
  );
}

function EstimateErrorCell({ error }: { readonly error: ModelFigures["estimateError"] }) {
  if (error === null) {
    return <Cell quiet>—</Cell>;
  }
  const { text, detail } = errorWords(error);
  return (
    <Cell quiet={false} title={detail}>
      {text}
    </Cell>
  );
}
