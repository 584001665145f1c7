/** `view`: the page's part; `range` and `by`: the stretch of time and the rows of one's own usage. */
export const USAGE_LIST = {
  sorts: ['requests', 'input_tokens', 'output_tokens', 'cost'],
  filters: ['scope', 'state', 'kind'],
  more: ['view', 'range', 'by', 'create'],
} as const
