export const ENDPOINTS_LIST = {
  sorts: ['name', 'created_at'],
  filters: [],
  /**
   * `connect` opens the steps that connect a provider: `yes`, or the key of a preset; `then=first-run` goes back to the
   * first steps when they are done. `open` is an endpoint's id.
   */
  more: ['connect', 'then', 'open'],
} as const
