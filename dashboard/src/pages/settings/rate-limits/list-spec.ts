export const RATE_LIMITS_LIST = { sorts: [], filters: ['scope'] } as const
