import { type RecordedSwitch, switchSchema } from "../../domain/backends/backendSwitch.ts";
import type { Books } from "../books.ts";

/** The last switches of backends, newest first. */
export function switches({ database }: Books, limit: number): RecordedSwitch[] {
  return database
    .all("SELECT at, content FROM changes WHERE type = 'backend.switched' ORDER BY seq DESC LIMIT ?", [limit])
    .map((row) => ({ ...switchSchema.parse(JSON.parse(String(row.content))), at: Number(row.at) }));
}
