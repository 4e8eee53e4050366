import type { Call } from "../domain/call.ts";
import { formatUsd } from "../domain/money.ts";

/** Decimals that the longest of these amounts shows. */
export function decimalsOf(amounts: readonly number[]): number {
  return amounts.reduce((most, amount) => Math.max(most, decimals(formatUsd(amount))), 0);
}

function decimals(text: string): number {
  return text.length - 1 - text.lastIndexOf(".");
}

interface AmountProps {
  readonly nanoUsd: number;
  /** Decimals of the column, so that its points stand below each other. */
  readonly align?: number;
  readonly estimated?: boolean;
}

/** An amount of money. */
export function Amount({ nanoUsd, align = 0, estimated = false }: AmountProps) {
  const text = formatUsd(nanoUsd);
  const missing = align - decimals(text);
  return (
    <>
      {estimated && <abbr title="Estimated: the provider reported no usage">~</abbr>}
      {text}
      {missing > 0 && (
        <span class="filler" aria-hidden="true">
          {"0".repeat(missing)}
        </span>
      )}
    </>
  );
}

/** What one call cost. */
export function CallCost({ call, align }: { readonly call: Call; readonly align: number }) {
  if (call.status === "refused") {
    return <span class="muted">—</span>;
  }
  if (call.costBasis === "unpriced") {
    return (
      <span class="muted" title="No price is known for this model">
        unknown
      </span>
    );
  }
  if (call.costBasis === "compute-hour") {
    return call.computeShareNanoUsd === undefined ? (
      <span class="muted" title="The server is paid by the hour">
        by the hour
      </span>
    ) : (
      <span class="muted" title="Its share of the server's hours, which count as hours and not once more">
        <Amount nanoUsd={call.computeShareNanoUsd} align={align} estimated={call.usageBasis === "estimated"} />
      </span>
    );
  }
  return (
    <>
      {call.costBasis === "default" && <abbr title="At your default price: nobody has priced this model">default</abbr>}{" "}
      <Amount nanoUsd={call.costNanoUsd} align={align} estimated={call.usageBasis === "estimated"} />
    </>
  );
}
