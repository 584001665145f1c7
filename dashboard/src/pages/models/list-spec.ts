export const MODELS_LIST = {
  sorts: ['alias', 'created_at', 'provider', 'price_from', 'context_window'],
  filters: ['provider', 'model_type', 'capability', 'group'],
  /** `view=table`, or cards; `api` is the id of the model whose snippets are shown. */
  more: ['view', 'api'],
} as const
