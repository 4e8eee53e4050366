/** The token classes of a call, as columns of rows and of sums. */
export const TOKEN_COLUMNS = [
  "input_tokens",
  "cached_input_tokens",
  "cache_write_5m_tokens",
  "cache_write_1h_tokens",
  "output_tokens",
  "reasoning_tokens",
  "audio_input_tokens",
  "audio_output_tokens",
  "web_searches",
] as const;
