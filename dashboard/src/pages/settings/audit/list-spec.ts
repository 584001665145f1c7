export const AUDIT_LIST = {
  sorts: [],
  /** By the API's names. `range` is ours: a length of time up to now. */
  filters: ['range', 'actor', 'resource', 'resource_id', 'operation'],
  /** `before`: the page behind that entry; `entry`: the one whose detail is open. */
  more: ['before', 'entry'],
} as const
