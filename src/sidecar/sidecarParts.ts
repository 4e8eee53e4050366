import { backendsWithoutProvider } from "../domain/backends/namedBackends.ts";
import type { Config } from "../domain/config.ts";
import type { Calendar } from "../domain/window.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { Api } from "./api/api.ts";
import { Backends } from "./backends/backends.ts";
import { BudgetSwitches } from "./backends/budgetSwitches.ts";
import { FailureLog } from "./backends/failureLog.ts";
import type { ComputeMeter } from "./compute/computeMeter.ts";
import type { CostSharer } from "./compute/costSharer.ts";
import { hourlyServers } from "./compute/hourlyServers.ts";
import type { StopCommands } from "./compute/stopCommands.ts";
import type { ConfigStore } from "./configStore.ts";
import { lastPort, rememberPort } from "./dataFolder.ts";
import { Estimator } from "./estimator.ts";
import { EventStream } from "./eventStream.ts";
import { Figures } from "./figures.ts";
import { Gateway } from "./gateway/gateway.ts";
import { Upstream } from "./gateway/upstream.ts";
import { LoopbackServer } from "./httpServer.ts";
import { Learned } from "./learned.ts";
import { Lifetime } from "./lifetime.ts";
import { CallLimits } from "./limits/callLimits.ts";
import { Links } from "./links.ts";
import { prometheusText } from "./metrics.ts";
import { Models } from "./models.ts";
import { openGate } from "./openGate.ts";
import type { Passes } from "./passes.ts";
import { PublishedPrices } from "./prices/publishedPrices.ts";
import { Runs } from "./runs.ts";
import { Settings } from "./settings.ts";
import type { SidecarOptions } from "./sidecarOptions.ts";
import { SpareMemory } from "./spareMemory.ts";
import { TokenCounter } from "./tokens/tokenCounter.ts";
import { Turn } from "./turn.ts";

/** The port that is tried first, so that base URLs stay the same from day to day. */
const DEFAULT_PORT = 7453;

/** What has to be ended when the sidecar leaves. */
export interface SidecarParts {
  readonly server: LoopbackServer;
  readonly gateway: Gateway;
  readonly events: EventStream;
  readonly meter: ComputeMeter;
  readonly sharer: CostSharer;
  readonly stopCommands: StopCommands;
  readonly passes: Passes;
  readonly runs: Runs;
  readonly published: PublishedPrices;
  readonly tokenCounter: TokenCounter;
  readonly ledger: Ledger;
}

/** Puts the process together, opens its port, and begins what runs by itself. */
export async function composeParts(
  options: SidecarOptions,
  opened: { store: ConfigStore; passes: Passes; token: string; ledger: Ledger },
): Promise<{ url: string; parts: SidecarParts }> {
  const { now, log } = options;
  const { store, passes, token, ledger } = opened;
  const config = (): Config => store.config;
  const calendar = calendarOf(store.config);
  const turn: Turn = new Turn(() => gateway.callsUnanswered);
  const gatekeeper = openGate({ config, calendar, ledger, now, turn });
  const { gate } = gatekeeper;
  const tokenCounter = new TokenCounter();
  const learned = new Learned(tokenCounter);
  learned.learnFrom(ledger, now());
  let url = "";
  const links = new Links({ environment: options.environment, now });
  const published: PublishedPrices = new PublishedPrices({
    dataDir: options.dataDir,
    config,
    now,
    log,
    changed: (by) => settings.publishedPricesChanged(by),
  });
  const settings: Settings = new Settings({ store, passes, gatekeeper, published, links, now, url: () => url });
  const runs = new Runs({
    passes,
    budgets: () => store.config.budgets,
    removeBudget: (name) => settings.removeBudget(name, "the end of its run"),
    now,
    graceMs: options.runGraceMs,
    log,
  });
  const upstream = new Upstream(turn, options.silenceLimitMs);
  const switches = new BudgetSwitches({ gate, config, prices: () => settings.prices });
  const failures = new FailureLog({ dataDir: options.dataDir, now, log });
  const gateway: Gateway = new Gateway({
    gatekeeper,
    upstream,
    turn,
    failures,
    switches,
    limits: new CallLimits({ config, now, steady: options.steady }),
    books: ledger,
    passes,
    learned,
    tokenCounter,
    links,
    config,
    prices: () => settings.prices,
    now,
    log,
  });
  const compute = hourlyServers({
    options,
    config,
    calendar,
    ledger,
    gatekeeper,
    links,
    prices: () => settings.prices,
  });
  const { meter, sharer, stopCommands, computeReports } = compute;
  const startedAt = now();
  const figures = new Figures({
    identity: () => ({ version: options.version, pid: process.pid, url, dataDir: options.dataDir, startedAt }),
    config,
    calendar: () => calendar,
    gate,
    ledger,
    meter,
    stopCommands,
    computeReports,
    learned,
    now,
    isPriced: (provider, model) => model !== "" && settings.prices.lookUp(provider, model, now()) !== null,
    notices: () => [
      ...published.notices,
      ...links.notices(store.config.providers),
      ...backendsWithoutProvider(store.config),
    ],
  });
  const spareMemory = new SpareMemory({ isBusy: () => gateway.callsInFlight > 0, quietMs: options.quietMs });
  const lifetime = new Lifetime(
    options.graceMs,
    () => events.listeners > 0 || gateway.callsInFlight > 0,
    () => options.wantsToLeave("nobody needs it"),
  );
  const events: EventStream = new EventStream(
    () => figures.status(),
    () => lifetime.touch(),
  );
  ledger.subscribe((event) => events.tell(event));
  ledger.subscribe((event) => failures.see(event));
  const models = new Models({ settings, learned, books: ledger, calendar: () => calendar, now });
  const backends = new Backends({ settings, models, links, failures, switches, books: ledger, upstream, now });
  const api = new Api({
    settings,
    backends,
    published,
    models,
    passes,
    runs,
    estimator: new Estimator({ settings, learned, models, tokenCounter, gatekeeper, now }),
    figures,
    computeReports,
    stopCommands,
    gatekeeper,
    ledger,
    events,
    now,
    timeZone: () => calendar.timeZone,
    shutDown: options.wantsToLeave,
    log,
  });
  const server = new LoopbackServer({
    token,
    gateway: (request, response, tunnel) => {
      lifetime.touch();
      spareMemory.touch();
      return gateway.handle(request, response, tunnel);
    },
    api: (request, response) => {
      lifetime.touch();
      spareMemory.touch();
      return api.handle(request, response);
    },
    metrics: () => prometheusText(figures.status(), passes.wrong),
    health: () => ({
      ready: true,
      body: {
        state: ledger.isFailing ? "failing" : "ok",
        version: options.version,
        checks: { ledger: ledger.isFailing ? "failing" : ledger.notices.length === 0 ? "ok" : "repaired" },
      },
    }),
  });
  const port = await server.listen(portsToTry(options));
  url = `http://127.0.0.1:${port}`;
  if (options.port === undefined) {
    rememberPort(options.dataDir, port);
  }
  await gatekeeper.record({ type: "sidecar.started", pid: process.pid, version: options.version });
  await gatekeeper.raiseAlerts();
  runs.start();
  sharer.start();
  stopCommands.start();
  meter.start();
  published.start();
  lifetime.touch();
  spareMemory.touch();
  const parts = { server, gateway, events, meter, sharer, stopCommands, passes, runs, published, tokenCounter, ledger };
  return { url, parts };
}

function portsToTry({ port, dataDir }: SidecarOptions): number[] {
  if (port !== undefined) {
    return [port];
  }
  const last = lastPort(dataDir);
  return [...new Set([...(last === null ? [] : [last]), DEFAULT_PORT, 0])];
}

function calendarOf(config: Config): Calendar {
  return {
    timeZone: config.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    weekStartsOn: config.weekStartsOn,
  };
}
