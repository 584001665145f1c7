export const TRAFFIC_LIST = {
  sorts: ['requests', 'input_tokens', 'output_tokens', 'cost', 'avg_latency_ms'],
  filters: ['model', 'user_id', 'key_id', 'status'],
  /** `range`, or `from` and `to`: the time; `compare=no`: nothing beside it; `by`: what the rows of the table are. */
  more: ['range', 'from', 'to', 'compare', 'by'],
} as const
