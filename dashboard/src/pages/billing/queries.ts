/** Credits: what an account has, what moved it, and how it is filled. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import type { ListState } from '@/components/data-table/list-state'
import { daysBetween } from './ledger'
import type { BILLING_LIST } from './list-spec'

export type Transaction = Schema['Transaction']
export type NewTransaction = Schema['NewTransaction']
type Filter = (typeof BILLING_LIST)['filters'][number]
export type BillingState = ListState<never, Filter>

const TRANSACTIONS = ['transactions'] as const

/** `account`: the id of a person, or `all`. */
export function transactionsOptions(account: string, state: BillingState) {
  const { type, from, to } = state.filters
  const query = {
    ...(account === 'all' ? { all: true } : { user_id: account, group_batches: true }),
    ...daysBetween(from, to),
    ...(type === undefined ? {} : { transaction_types: type }),
    ...(state.search === '' ? {} : { search: state.search }),
    skip: (state.page - 1) * state.per,
    limit: state.per,
  }
  return queryOptions({
    queryKey: [...TRANSACTIONS, query],
    queryFn: async ({ signal }) => {
      const found = await must(api.GET('/admin/api/v1/transactions', { params: { query }, signal }))
      // Nobody counts a ledger: as many as are known.
      return { ...found, total_count: query.skip + found.data.length + (found.has_more ? 1 : 0) }
    },
    placeholderData: keepPreviousData,
  })
}

export function balanceOptions(account: string) {
  const query = { user_id: account, limit: 1 }
  return queryOptions({
    queryKey: [...TRANSACTIONS, 'balance', account],
    queryFn: async ({ signal }) =>
      (await must(api.GET('/admin/api/v1/transactions', { params: { query }, signal }))).page_start_balance,
    enabled: account !== 'all',
  })
}

/** Whatever shows a balance. */
function useBalanceChanged() {
  const client = useQueryClient()
  return () =>
    Promise.all(
      [TRANSACTIONS, ['session'], ['users']].map((queryKey) => client.invalidateQueries({ queryKey })),
    )
}

/** Gives credits or takes them. */
export function useMove() {
  const onSuccess = useBalanceChanged()
  return useMutation({
    mutationFn: (body: NewTransaction) => must(api.POST('/admin/api/v1/transactions', { body })),
    onSuccess,
  })
}

/** Leads to where one pays: for oneself, or for the account of `creditee`. */
export function usePay() {
  return useMutation({
    mutationFn: (creditee: string | undefined) => {
      const query = creditee === undefined ? {} : { creditee_id: creditee }
      return must(api.POST('/admin/api/v1/payments', { params: { query } }))
    },
    onSuccess: leave,
  })
}

/** Leads to where a payment method is proven, without a charge. */
export function useSetUp() {
  return useMutation({ mutationFn: () => must(api.POST('/admin/api/v1/payments/setup')), onSuccess: leave })
}

/** Leads to where payment methods are looked after. */
export function usePortal() {
  return useMutation({ mutationFn: () => must(api.POST('/admin/api/v1/billing-portal')), onSuccess: leave })
}

/** Books what was paid; once, however often it is said. */
export function useFinish() {
  const onSuccess = useBalanceChanged()
  return useMutation({
    mutationFn: (session_id: string) =>
      must(api.PATCH('/admin/api/v1/payments/{session_id}', { params: { path: { session_id } } })),
    onSuccess,
  })
}

export function useEnableTopup() {
  const onSuccess = useBalanceChanged()
  return useMutation({
    mutationFn: (body: Schema['AutoTopupRequest']) =>
      must(api.POST('/admin/api/v1/auto-topup/enable', { body })),
    onSuccess,
  })
}

export function useDisableTopup() {
  const onSuccess = useBalanceChanged()
  return useMutation({
    mutationFn: () => must(api.POST('/admin/api/v1/auto-topup/disable')),
    onSuccess,
  })
}

function leave({ url }: { url: string }) {
  window.location.assign(url)
}
