export const USERS_LIST = {
  sorts: ['name', 'email', 'last_login', 'created_at'],
  filters: ['role', 'group', 'auth_source', 'is_active'],
  /** `create=yes` opens the dialog that makes an account; `user` is the id of the one whose `tab` is shown. */
  more: ['create', 'user', 'tab'],
} as const
