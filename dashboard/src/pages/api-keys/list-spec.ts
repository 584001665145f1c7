export const API_KEYS_LIST = {
  sorts: ['name', 'created_at', 'last_used', 'expires_at'],
  /** Of everybody's keys, by the API's names. `use` is ours: `never`, or a number of days without any. */
  filters: ['user_id', 'purpose', 'expiry', 'use'],
  /** `whose=all`: everybody's; `create=yes` opens the dialog that makes a key; `key` is the id of the one that is shown. */
  more: ['whose', 'create', 'key'],
} as const
