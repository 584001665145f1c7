export const MODELS_LIST = {
  sorts: ['alias', 'created_at', 'provider', 'price_from', 'context_window'],
  filters: ['provider', 'endpoint', 'model_type', 'can', 'group'],
  /**
   * `view=table`, `cards` or `status`, which has a `window`; `api` is the id of the model whose snippets are shown;
   * `create=yes` shows the form of a composite model.
   */
  more: ['view', 'window', 'api', 'create'],
} as const
