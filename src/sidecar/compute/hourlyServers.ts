import type { Config } from "../../domain/config.ts";
import type { PriceBook } from "../../domain/priceBook.ts";
import type { Calendar } from "../../domain/window.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import type { Links } from "../links.ts";
import type { SidecarOptions } from "../sidecarOptions.ts";
import { ComputeMeter } from "./computeMeter.ts";
import { ComputeReports } from "./computeReports.ts";
import { CostSharer } from "./costSharer.ts";
import { restoredState } from "./restoredState.ts";
import { ServerProbe } from "./serverProbe.ts";
import { StopCommands } from "./stopCommands.ts";

interface HourlyOptions {
  readonly options: Pick<SidecarOptions, "now" | "steady" | "log">;
  readonly config: () => Config;
  readonly calendar: Calendar;
  readonly ledger: Ledger;
  readonly gatekeeper: Gatekeeper;
  readonly links: Links;
  readonly prices: () => PriceBook;
}

/** What meters servers by the hour, shares and reports what they cost, and stops them. */
export function hourlyServers({ options, config, calendar, ledger, gatekeeper, links, prices }: HourlyOptions) {
  const { now, steady, log } = options;
  const { gate } = gatekeeper;
  const meter: ComputeMeter = new ComputeMeter({
    config,
    calendar: () => calendar,
    now,
    steady,
    log,
    probe: (name) => new ServerProbe(now, (provider) => links.of(name, provider)),
    restore: (provider) => restoredState(ledger, provider),
    accrue: (accruals) => gatekeeper.accrue(accruals),
    unknown: (unknown) => gatekeeper.record({ type: "compute.unknown", unknown }),
    changed: (name, up, detail) => gatekeeper.record({ type: "provider.state", name, up, detail }),
  });
  const sharer = new CostSharer({ ledger, now, log });
  const stopCommands = new StopCommands({ config, ledger, gate, isUp: (name) => meter.stateOf(name).up, now, log });
  const computeReports = new ComputeReports({
    config,
    ledger,
    meter,
    stopCommands,
    prices,
    now,
    timeZone: () => calendar.timeZone,
  });
  return { meter, sharer, stopCommands, computeReports };
}
