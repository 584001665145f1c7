export const API_KEYS_LIST = {
  sorts: ['name', 'created_at', 'last_used', 'expires_at'],
  filters: [],
  /** `create=yes` opens the dialog that makes a key. */
  more: ['create'],
} as const
