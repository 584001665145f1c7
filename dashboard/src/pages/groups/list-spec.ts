export const GROUPS_LIST = {
  sorts: ['name'],
  filters: [],
  /**
   * `create=yes` opens the dialog that makes a group; `group` is the id of the one whose `tab` is shown. `view=matrix`
   * shows groups and models at a glance, where `q` looks for models, and `groups` and `columns` are search and page of
   * the groups.
   */
  more: ['create', 'group', 'tab', 'view', 'groups', 'columns'],
} as const
