/** What the first version summed of calls. */
const FIRST_FIGURES: readonly string[] = [
  "calls",
  "errors",
  "refused",
  "unpriced",
  "estimated",
  "input_tokens",
  "cached_input_tokens",
  "cache_write_5m_tokens",
  "cache_write_1h_tokens",
  "output_tokens",
  "reasoning_tokens",
  "audio_input_tokens",
  "audio_output_tokens",
  "web_searches",
  "cost_nano_usd",
  "latency_ms",
  "latency_calls",
  "first_token_ms",
  "first_token_calls",
];

/**
 * The database's schema as steps: step n brings a database from `user_version` n to n + 1 and keeps every row. Steps that
 * have been released are never changed. Times are ms since the epoch in UTC, money is nano-USD, `…_bucket` and `bucket` are
 * starts of quarter hours.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

  -- Who called what: calls and rollups name it by number.
  CREATE TABLE call_keys (
    id INTEGER PRIMARY KEY, provider TEXT NOT NULL, model TEXT NOT NULL, requested_model TEXT NOT NULL,
    project TEXT, tool TEXT, user TEXT, tags TEXT NOT NULL);
  CREATE TABLE rate_sets (id INTEGER PRIMARY KEY, rates TEXT NOT NULL UNIQUE);

  CREATE TABLE call_rows (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key_id INTEGER NOT NULL REFERENCES call_keys,
    started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL, protocol TEXT NOT NULL, request_type TEXT, trace_id TEXT,
    status TEXT NOT NULL, http_status INTEGER, error_type TEXT, stream INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL, first_token_ms INTEGER,
    input_tokens INTEGER NOT NULL, cached_input_tokens INTEGER NOT NULL, cache_write_5m_tokens INTEGER NOT NULL,
    cache_write_1h_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
    audio_input_tokens INTEGER NOT NULL, audio_output_tokens INTEGER NOT NULL, web_searches INTEGER NOT NULL,
    usage_basis TEXT NOT NULL, cost_nano_usd INTEGER NOT NULL, cost_basis TEXT NOT NULL,
    rates_id INTEGER REFERENCES rate_sets, price_version TEXT, hold_nano_usd INTEGER NOT NULL, attempt INTEGER NOT NULL);
  CREATE INDEX call_rows_by_start ON call_rows (started_at);

  -- Every booked call with all its fields.
  CREATE VIEW calls AS SELECT
    r.seq, r.id, strftime('%Y-%m-%dT%H:%M:%fZ', r.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', r.ended_at / 1000.0, 'unixepoch') AS ended_at,
    k.provider, r.protocol, k.model, k.requested_model, k.project, k.tool, k.user, k.tags, r.request_type, r.trace_id,
    r.status, r.http_status, r.error_type, r.stream, r.latency_ms, r.first_token_ms,
    r.input_tokens, r.cached_input_tokens, r.cache_write_5m_tokens, r.cache_write_1h_tokens, r.output_tokens,
    r.reasoning_tokens, r.audio_input_tokens, r.audio_output_tokens, r.web_searches, r.usage_basis,
    r.cost_nano_usd, r.cost_nano_usd / 1e9 AS cost_usd, r.cost_basis, s.rates, r.price_version, r.hold_nano_usd, r.attempt
    FROM call_rows r JOIN call_keys k ON k.id = r.key_id LEFT JOIN rate_sets s ON s.id = r.rates_id;

  -- Calls that were let through and have not been settled.
  CREATE TABLE holds (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, held TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE rollups (
    bucket INTEGER NOT NULL, key_id INTEGER NOT NULL REFERENCES call_keys,
    ${FIRST_FIGURES.map((figure) => `${figure} INTEGER NOT NULL`).join(", ")},
    PRIMARY KEY (bucket, key_id)) WITHOUT ROWID;
  -- Calls by latency: step 0 is 0 ms, step n is 2^((n-1)/8) ms up to the next.
  CREATE TABLE latencies (
    bucket INTEGER NOT NULL, key_id INTEGER NOT NULL REFERENCES call_keys, step INTEGER NOT NULL, calls INTEGER NOT NULL,
    PRIMARY KEY (bucket, key_id, step)) WITHOUT ROWID;
  -- The same for whole days of UTC, for long ranges.
  CREATE TABLE day_rollups (
    bucket INTEGER NOT NULL, key_id INTEGER NOT NULL REFERENCES call_keys,
    ${FIRST_FIGURES.map((figure) => `${figure} INTEGER NOT NULL`).join(", ")},
    PRIMARY KEY (bucket, key_id)) WITHOUT ROWID;
  CREATE TABLE day_latencies (
    bucket INTEGER NOT NULL, key_id INTEGER NOT NULL REFERENCES call_keys, step INTEGER NOT NULL, calls INTEGER NOT NULL,
    PRIMARY KEY (bucket, key_id, step)) WITHOUT ROWID;

  -- Compute hours: an accrual belongs to the quarter hour it begins in.
  CREATE TABLE compute_rollups (
    bucket INTEGER NOT NULL, provider TEXT NOT NULL, cost_nano_usd INTEGER NOT NULL, up_ms INTEGER NOT NULL,
    PRIMARY KEY (bucket, provider)) WITHOUT ROWID;
  CREATE TABLE last_accruals (
    provider TEXT PRIMARY KEY, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, cost_nano_usd INTEGER NOT NULL) WITHOUT ROWID;

  CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, id TEXT NOT NULL, budget TEXT NOT NULL, kind TEXT NOT NULL,
    limit_nano_usd INTEGER, until INTEGER, by TEXT NOT NULL, why TEXT, spent INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, id TEXT NOT NULL, budget TEXT NOT NULL, threshold REAL NOT NULL,
    window_start INTEGER NOT NULL, spent_nano_usd INTEGER NOT NULL, limit_nano_usd INTEGER NOT NULL);
  CREATE TABLE refusals (call_id TEXT PRIMARY KEY, refusal TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE provider_states (
    name TEXT PRIMARY KEY, at INTEGER NOT NULL, up INTEGER NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID;
  -- Who changed which budget, provider or price, and when.
  CREATE TABLE changes (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, type TEXT NOT NULL, name TEXT, by TEXT NOT NULL, content TEXT);
  `,
  // A row for each latency of each caller and quarter hour outgrew all else: they stand in the totals' own rows.
  `
  -- Calls by latency as JSON, {"step": calls}: step 0 is 0 ms, step n is 2^((n-1)/8) ms up to the next.
  ALTER TABLE rollups ADD COLUMN latencies TEXT NOT NULL DEFAULT '{}';
  ALTER TABLE day_rollups ADD COLUMN latencies TEXT NOT NULL DEFAULT '{}';
  ${["", "day_"]
    .map(
      (prefix) => `UPDATE ${prefix}rollups SET latencies = (SELECT json_group_object(step, calls) FROM
    (SELECT step, calls FROM ${prefix}latencies l WHERE l.bucket = ${prefix}rollups.bucket
      AND l.key_id = ${prefix}rollups.key_id AND calls <> 0 ORDER BY step));
  DROP TABLE ${prefix}latencies;`,
    )
    .join("\n  ")}
  `,
  `
  -- Months (UTC) whose calls, those that started from from_ms up to until_ms, stand in a file of the archive folder.
  -- ids is a filter that tells which ids are surely not among them.
  CREATE TABLE archives (
    month TEXT PRIMARY KEY, file TEXT NOT NULL, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,
    calls INTEGER NOT NULL, ids BLOB NOT NULL);
  `,
  // Decisions about a budget end with it.
  `
  UPDATE decisions SET spent = 1 WHERE EXISTS (SELECT 1 FROM changes c
    WHERE c.type = 'budget.changed' AND c.name = decisions.budget AND c.content IS NULL AND c.seq > decisions.seq);
  `,
  `
  -- Work that goes on after its call: ids under which a provider will tell what it cost.
  CREATE TABLE deferred (
    provider TEXT NOT NULL, deferred_id TEXT NOT NULL, call_id TEXT NOT NULL, PRIMARY KEY (provider, deferred_id)) WITHOUT ROWID;
  -- Booked calls that were known better later.
  CREATE TABLE corrections (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, call_id TEXT NOT NULL, before_nano_usd INTEGER NOT NULL,
    after_nano_usd INTEGER NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL);
  CREATE INDEX corrections_by_call ON corrections (call_id);
  `,
  `
  -- What a call was expected to cost before it left; null where nobody could tell.
  ALTER TABLE call_rows ADD COLUMN expected_nano_usd INTEGER;
  DROP VIEW calls;
  -- Every booked call with all its fields.
  CREATE VIEW calls AS SELECT
    r.seq, r.id, strftime('%Y-%m-%dT%H:%M:%fZ', r.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', r.ended_at / 1000.0, 'unixepoch') AS ended_at,
    k.provider, r.protocol, k.model, k.requested_model, k.project, k.tool, k.user, k.tags, r.request_type, r.trace_id,
    r.status, r.http_status, r.error_type, r.stream, r.latency_ms, r.first_token_ms,
    r.input_tokens, r.cached_input_tokens, r.cache_write_5m_tokens, r.cache_write_1h_tokens, r.output_tokens,
    r.reasoning_tokens, r.audio_input_tokens, r.audio_output_tokens, r.web_searches, r.usage_basis,
    r.cost_nano_usd, r.cost_nano_usd / 1e9 AS cost_usd, r.cost_basis, s.rates, r.price_version, r.hold_nano_usd, r.attempt,
    r.expected_nano_usd
    FROM call_rows r JOIN call_keys k ON k.id = r.key_id LEFT JOIN rate_sets s ON s.id = r.rates_id;
  `,
  // Few branches, so they name callers, and totals are kept by them; sessions are many, and stand with their calls alone.
  `
  ALTER TABLE call_keys ADD COLUMN branch TEXT;
  ALTER TABLE call_rows ADD COLUMN session_id TEXT;
  DROP VIEW calls;
  -- Every booked call with all its fields.
  CREATE VIEW calls AS SELECT
    r.seq, r.id, strftime('%Y-%m-%dT%H:%M:%fZ', r.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', r.ended_at / 1000.0, 'unixepoch') AS ended_at,
    k.provider, r.protocol, k.model, k.requested_model, k.project, k.tool, k.user, k.tags, r.request_type, r.trace_id,
    r.status, r.http_status, r.error_type, r.stream, r.latency_ms, r.first_token_ms,
    r.input_tokens, r.cached_input_tokens, r.cache_write_5m_tokens, r.cache_write_1h_tokens, r.output_tokens,
    r.reasoning_tokens, r.audio_input_tokens, r.audio_output_tokens, r.web_searches, r.usage_basis,
    r.cost_nano_usd, r.cost_nano_usd / 1e9 AS cost_usd, r.cost_basis, s.rates, r.price_version, r.hold_nano_usd, r.attempt,
    r.expected_nano_usd, r.session_id, k.branch
    FROM call_rows r JOIN call_keys k ON k.id = r.key_id LEFT JOIN rate_sets s ON s.id = r.rates_id;
  `,
  `
  -- What the attempts of one prompt share, and what was asked for where another backend took the call (JSON).
  ALTER TABLE call_rows ADD COLUMN prompt_id TEXT;
  ALTER TABLE call_rows ADD COLUMN stands_in_for TEXT;
  DROP VIEW calls;
  -- Every booked call with all its fields.
  CREATE VIEW calls AS SELECT
    r.seq, r.id, strftime('%Y-%m-%dT%H:%M:%fZ', r.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', r.ended_at / 1000.0, 'unixepoch') AS ended_at,
    k.provider, r.protocol, k.model, k.requested_model, k.project, k.tool, k.user, k.tags, r.request_type, r.trace_id,
    r.status, r.http_status, r.error_type, r.stream, r.latency_ms, r.first_token_ms,
    r.input_tokens, r.cached_input_tokens, r.cache_write_5m_tokens, r.cache_write_1h_tokens, r.output_tokens,
    r.reasoning_tokens, r.audio_input_tokens, r.audio_output_tokens, r.web_searches, r.usage_basis,
    r.cost_nano_usd, r.cost_nano_usd / 1e9 AS cost_usd, r.cost_basis, s.rates, r.price_version, r.hold_nano_usd, r.attempt,
    r.expected_nano_usd, r.session_id, k.branch, r.prompt_id, r.stands_in_for
    FROM call_rows r JOIN call_keys k ON k.id = r.key_id LEFT JOIN rate_sets s ON s.id = r.rates_id;
  `,
  // What calls of a server by the hour have of its cost stands beside their own cost, which is nothing: it counts once, as hours.
  `
  ALTER TABLE rollups ADD COLUMN compute_nano_usd INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE day_rollups ADD COLUMN compute_nano_usd INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE call_rows ADD COLUMN compute_nano_usd INTEGER;
  DROP VIEW calls;
  -- Every booked call with all its fields.
  CREATE VIEW calls AS SELECT
    r.seq, r.id, strftime('%Y-%m-%dT%H:%M:%fZ', r.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', r.ended_at / 1000.0, 'unixepoch') AS ended_at,
    k.provider, r.protocol, k.model, k.requested_model, k.project, k.tool, k.user, k.tags, r.request_type, r.trace_id,
    r.status, r.http_status, r.error_type, r.stream, r.latency_ms, r.first_token_ms,
    r.input_tokens, r.cached_input_tokens, r.cache_write_5m_tokens, r.cache_write_1h_tokens, r.output_tokens,
    r.reasoning_tokens, r.audio_input_tokens, r.audio_output_tokens, r.web_searches, r.usage_basis,
    r.cost_nano_usd, r.cost_nano_usd / 1e9 AS cost_usd, r.cost_basis, s.rates, r.price_version, r.hold_nano_usd, r.attempt,
    r.expected_nano_usd, r.session_id, k.branch, r.prompt_id, r.stands_in_for, r.compute_nano_usd
    FROM call_rows r JOIN call_keys k ON k.id = r.key_id LEFT JOIN rate_sets s ON s.id = r.rates_id;

  -- Of a quarter hour's cost what calls have, time that was billed only to fill up a unit, time with calls, and what the
  -- servers' own counters say.
  ALTER TABLE compute_rollups ADD COLUMN shared_nano_usd INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE compute_rollups ADD COLUMN rounded_ms INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE compute_rollups ADD COLUMN busy_ms INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE compute_rollups ADD COLUMN served_prompt_tokens INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE compute_rollups ADD COLUMN served_output_tokens INTEGER NOT NULL DEFAULT 0;
  -- The last accrual's further fields as JSON; null in those of older versions.
  ALTER TABLE last_accruals ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE last_accruals ADD COLUMN more TEXT;
  -- Accrued intervals that calls may still share.
  CREATE TABLE open_intervals (
    provider TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, cost_nano_usd INTEGER NOT NULL,
    decode_weight INTEGER NOT NULL, PRIMARY KEY (provider, from_ms)) WITHOUT ROWID;
  -- Time of which nobody can tell whether a server was up.
  CREATE TABLE unknown_times (
    provider TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, PRIMARY KEY (provider, from_ms)) WITHOUT ROWID;
  -- What happened about the users' commands that stop a server.
  CREATE TABLE stop_steps (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, provider TEXT NOT NULL, step TEXT NOT NULL, stop TEXT NOT NULL);
  `,
];
