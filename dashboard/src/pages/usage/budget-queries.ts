/** Budgets, and what was noticed about them and everything else. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import { SCOPES } from './budget-form'
import type { UsageState } from './queries'

export type Budget = Schema['Budget']
export type NewBudget = Schema['NewBudget']
export type BudgetChanges = Schema['BudgetChanges']
export type Alert = Schema['Alert']

const BUDGETS = ['budgets'] as const
const ALERTS = ['alerts'] as const
const LISTED = 100

export function budgetsOptions(state: UsageState) {
  const scope = SCOPES.find(({ value }) => value === state.filters.scope)?.value
  const query = {
    ...pageOf(state),
    search: state.search,
    ...(scope === undefined || scope === 'everybody' ? {} : { scope }),
  }
  return queryOptions({
    queryKey: [...BUDGETS, query],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/budgets', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** Those in which one person's requests may count. */
export function budgetsOfOptions(userId: string) {
  const query = { user_id: userId, limit: LISTED }
  return queryOptions({
    queryKey: [...BUDGETS, 'of', userId],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/budgets', { params: { query }, signal })),
  })
}

export function useCreateBudget() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewBudget) => must(api.POST('/admin/api/v1/budgets', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: BUDGETS }),
  })
}

export function useChangeBudget(id: string) {
  const client = useQueryClient()
  const params = { path: { budget_id: id } }
  return useMutation({
    mutationFn: (body: BudgetChanges) =>
      must(api.PATCH('/admin/api/v1/budgets/{budget_id}', { params, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: BUDGETS }),
  })
}

export function useDeleteBudget() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) =>
      must(api.DELETE('/admin/api/v1/budgets/{budget_id}', { params: { path: { budget_id: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: BUDGETS }),
  })
}

/** Those that are not over, unless others are asked for. */
export function alertsOptions(state: UsageState) {
  const { kind, state: wanted } = state.filters
  const query = {
    ...pageOf(state),
    ...(wanted === 'all' ? {} : { state: wanted === 'resolved' ? ('resolved' as const) : ('open' as const) }),
    ...(kind === undefined ? {} : { kind }),
  }
  return queryOptions({
    queryKey: [...ALERTS, query],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/alerts', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** Says that one looks after it, or that nobody does any more. */
export function useAcknowledge() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, mine }: { id: string; mine: boolean }) => {
      const params = { path: { alert_id: id } }
      return must(
        mine
          ? api.POST('/admin/api/v1/alerts/{alert_id}/acknowledge', { params })
          : api.DELETE('/admin/api/v1/alerts/{alert_id}/acknowledge', { params }),
      )
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ALERTS }),
  })
}

function pageOf({ page, per }: UsageState) {
  return { skip: (page - 1) * per, limit: per }
}
