import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { Coins, CreditCard } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { FilterFind } from '@/components/data-table/filter-find'
import { useListState } from '@/components/data-table/list-state'
import { MetricTile } from '@/components/metric-tile'
import { ErrorState, Page } from '@/components/page'
import { say, sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { Segments } from '@/design/tabs'
import { money } from '@/format/number'
import { nameOf } from '@/format/person'
import { findUserChoices, userOptions } from '@/pages/users/queries'
import { configOptions, useCan, useUser } from '@/session/session'
import { BILLING_LIST, returnSearch } from './list-spec'
import { MoveDialog } from './move-dialog'
import { Movements } from './movements'
import { balanceOptions, useFinish, usePay, type BillingState } from './queries'
import { TopupPanel } from './topup-panel'

export function BillingPage() {
  const can = useCan()
  const me = useUser()
  const state = useListState(BILLING_LIST)
  const search: { account?: unknown; create?: unknown } = useSearch({ strict: false })
  const config = useQuery(configOptions)
  const sees = can('Read', 'Credits')
  const account = sees && typeof search.account === 'string' ? search.account : me.id
  const other = account !== me.id && account !== 'all'
  const person = useQuery({ ...userOptions(account), enabled: other })
  const name = other ? (person.data === undefined ? undefined : nameOf(person.data)) : nameOf(me)
  const pay = usePay()
  const payments = config.data?.payment_enabled === true && account !== 'all'
  useReturn(state)
  return (
    <Page
      title="Billing"
      description="What the account has, and what moved it."
      actions={
        <>
          {payments && (
            <Button
              busy={pay.isPending}
              onClick={() => pay.mutate(other ? account : undefined, { onError: sayProblem })}
            >
              <CreditCard aria-hidden /> {other ? `Buy credits for ${name ?? '…'}` : 'Buy credits'}
            </Button>
          )}
          {can('Create', 'Credits') && (
            <Button variant="primary" onClick={() => state.set({ create: 'yes', page: state.page })}>
              <Coins aria-hidden /> Give or take credits
            </Button>
          )}
        </>
      }
    >
      {account !== 'all' && (
        <div className="mb-4 grid items-start gap-3 lg:grid-cols-[minmax(0,1fr)_minmax(0,2fr)]">
          <Balance account={account} label={other ? `Balance of ${name ?? '…'}` : 'Balance'} />
          {payments && !other && <TopupPanel />}
        </div>
      )}
      <Movements
        account={account}
        state={state}
        whose={
          sees && <Whose account={account} name={name} onChange={(next) => state.set({ account: next })} />
        }
      />
      {search.create === 'yes' && can('Create', 'Credits') && (
        <MoveDialog
          key={`${account}-${String(name === undefined)}`}
          account={account === 'all' || name === undefined ? undefined : { value: account, label: name }}
          onClose={() => state.set({ create: undefined, page: state.page })}
        />
      )}
    </Page>
  )
}

function Balance({ account, label }: { account: string; label: string }) {
  const balance = useQuery(balanceOptions(account))
  if (balance.isError) return <ErrorState error={balance.error} retry={() => void balance.refetch()} />
  return (
    <MetricTile label={label} value={balance.data === undefined ? undefined : money(balance.data)}>
      {balance.data !== undefined && Number(balance.data) <= 0
        ? 'Requests to models with a price are refused until there are credits.'
        : 'For requests to models with a price'}
    </MetricTile>
  )
}

interface WhoseProps {
  account: string
  name: string | undefined
  onChange: (account: string | undefined) => void
}

function Whose({ account, name, onChange }: WhoseProps) {
  const { id } = useUser()
  const can = useCan()
  const value = account === id ? 'mine' : account === 'all' ? 'all' : 'one'
  return (
    <>
      <Segments
        label="Whose"
        value={value}
        onChange={(next) => onChange(next === 'all' ? 'all' : undefined)}
        options={[
          { value: 'mine', label: 'Mine' },
          { value: 'all', label: 'Everybody’s' },
        ]}
      />
      {can('Read', 'Users') && (
        <FilterFind
          label="Account"
          value={value === 'one' ? account : undefined}
          name={name}
          onChange={onChange}
          of={['users', 'billing']}
          find={findUserChoices}
        />
      )}
    </>
  )
}

/** Somebody who comes back from a payment: what was paid is booked, once. */
function useReturn({ set }: BillingState) {
  const raw: Record<string, unknown> = useSearch({ strict: false })
  const { payment, session_id, user } = returnSearch(raw)
  const { mutate } = useFinish()
  const handled = useRef<string>(undefined)
  useEffect(() => {
    const visit = session_id ?? payment
    if (payment === undefined || handled.current === visit) return
    handled.current = visit
    // Takes what the provider has added out of the address, so that a reload books nothing.
    set({ account: user })
    if (payment !== 'success') say('Nothing was paid.')
    else if (session_id !== undefined)
      mutate(session_id, { onSuccess: () => say('Paid. The credits are there.'), onError: sayProblem })
  }, [payment, session_id, user, set, mutate])
}
