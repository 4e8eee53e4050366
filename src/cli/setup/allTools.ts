import { aider } from "./aider.ts";
import { claude } from "./claude.ts";
import { codex } from "./codex.ts";
import { continueTool } from "./continue.ts";
import { gemini } from "./gemini.ts";
import { opencode } from "./opencode.ts";
import { pi } from "./pi.ts";
import type { SetupTool } from "./setupTool.ts";

/** The tools whose own configuration Tollgate knows. */
export const TOOLS: readonly SetupTool[] = [claude, codex, opencode, continueTool, gemini, pi, aider];
