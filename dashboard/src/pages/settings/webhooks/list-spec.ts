/** `webhook`: the one whose deliveries are open. */
export const WEBHOOKS_LIST = { sorts: [], filters: [], more: ['webhook'] } as const
