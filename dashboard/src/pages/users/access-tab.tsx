import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Check, CircleCheck, CircleX, Minus, X } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { api, must } from '@/api/client'
import { ChooseOne } from '@/components/choose-one'
import { FormField } from '@/components/form-field'
import { ErrorState, Skeleton } from '@/components/page'
import { cn } from '@/design/class-names'
import { Select } from '@/design/field'
import { useCan } from '@/session/session'
import { nameOf } from '@/format/person'
import { stepsOf, type Step } from './explained'
import { accessOptions, explanationOptions, keysOfUserOptions, type User } from './queries'

const ANY_KEY = 'any'
const LISTED = 50

/** Why can this person, or one of their keys, (not) call a model? The server answers. */
export function AccessTab({ user }: { user: User }) {
  const can = useCan()
  const [model, setModel] = useState<string>()
  const [key, setKey] = useState(ANY_KEY)
  const keys = useQuery({ ...keysOfUserOptions(user.id), enabled: can('Read', 'ApiKeys') })
  const keyId = key === ANY_KEY ? undefined : key
  return (
    <div className="space-y-4">
      <div className="grid gap-4 sm:grid-cols-2">
        <ModelField value={model} onChange={setModel} />
        <FormField label="With">
          {(control) => (
            <Select
              {...control}
              value={key}
              onChange={setKey}
              options={[
                { value: ANY_KEY, label: 'Any key of theirs' },
                ...(keys.data?.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
              ]}
            />
          )}
        </FormField>
      </div>
      {model === undefined ? (
        <p className="py-8 text-center text-faint">
          Choose a model to see why {nameOf(user)} can, or cannot, call it.
        </p>
      ) : (
        <Answer user={user} model={model} keyId={keyId} />
      )}
    </div>
  )
}

function ModelField({ value, onChange }: { value: string | undefined; onChange: (alias: string) => void }) {
  const [typed, setTyped] = useState('')
  const search = useDeferredValue(typed.trim())
  const models = useQuery({
    queryKey: ['models', 'choices', 'every', search],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const query = { search, sort: 'alias', limit: LISTED } as const
      return must(api.GET('/admin/api/v1/models', { params: { query }, signal }))
    },
  })
  return (
    <FormField label="Model">
      {(control) => (
        <ChooseOne
          control={control}
          value={value}
          chosen={value}
          none="Choose a model"
          onChange={onChange}
          searchLabel="Find a model"
          choices={(models.data?.data ?? []).map(({ alias }) => ({ value: alias, label: alias }))}
          search={typed}
          onSearch={setTyped}
          loading={models.isFetching}
          free
          removable={false}
        />
      )}
    </FormField>
  )
}

interface AnswerProps {
  user: User
  model: string
  keyId: string | undefined
}

const TITLES: Record<string, string> = {
  owner_active: 'Account',
  key_not_expired: 'Expiry',
  key_purpose: 'Purpose of the key',
  model_exists: 'Model',
  model_granted: 'Grant',
  key_models: 'Models of the key',
  credit_available: 'Credit',
  deployment_usable: 'Provider',
}

function Answer({ user, model, keyId }: AnswerProps) {
  const query = useQuery(accessOptions(user.id, model, keyId))
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />
  if (query.isPending) return <Skeleton className="w-64" />
  const { allowed, status, code, reasons } = query.data
  return (
    <>
      <div
        role="status"
        className={cn(
          'flex gap-2.5 rounded-lg px-3 py-2.5',
          allowed ? 'bg-good-well text-good' : 'bg-bad-well text-bad',
        )}
      >
        {allowed ? (
          <CircleCheck className="mt-0.5 size-4 shrink-0" aria-hidden />
        ) : (
          <CircleX className="mt-0.5 size-4 shrink-0" aria-hidden />
        )}
        <p>
          <strong className="font-semibold">
            {nameOf(user)} {allowed ? 'can' : 'cannot'} call {model}.
          </strong>{' '}
          {!allowed && (
            <>
              The answer is {status} <code className="font-mono text-xs">{code}</code>.
            </>
          )}
        </p>
      </div>
      <Chain
        label="What is looked at, in this order"
        steps={reasons.map(({ rule, outcome, detail }) => ({ title: TITLES[rule] ?? rule, outcome, detail }))}
      />
      {allowed && keyId !== undefined && <AtTheGateway model={model} keyId={keyId} />}
      {allowed && keyId === undefined && (
        <p className="text-xs text-faint">
          Choose one key to see its limits and budgets, and who would answer, too.
        </p>
      )}
    </>
  )
}

function AtTheGateway({ model, keyId }: { model: string; keyId: string }) {
  const query = useQuery(explanationOptions(keyId, model))
  if (query.isPending) return <Skeleton className="w-64" />
  if (query.isError) return <p className="text-xs text-faint">{query.error.message}</p>
  const steps = stepsOf(query.data)
  return (
    <section className="space-y-2">
      <h3 className="font-medium">A short chat request at this moment</h3>
      <p className={query.data.allowed ? 'text-soft' : 'text-bad'}>
        {query.data.allowed
          ? 'A gateway would let it in. What it looks at, and whom it asks:'
          : `A gateway would answer ${query.data.status}: ${query.data.message ?? query.data.code ?? ''}`}
      </p>
      <Chain label="What a gateway looks at" steps={steps} />
    </section>
  )
}

const MARKS = {
  passed: { icon: Check, tone: 'bg-good-well text-good', word: 'Passed' },
  failed: { icon: X, tone: 'bg-bad-well text-bad', word: 'Failed' },
  undecided: { icon: Minus, tone: 'bg-sunken text-faint', word: 'Not decided' },
} as const

function Chain({ label, steps }: { label: string; steps: readonly Step[] }) {
  return (
    <ol aria-label={label}>
      {steps.map(({ title, outcome, detail }, index) => {
        const { icon: Icon, tone, word } = MARKS[outcome]
        return (
          <li key={`${title} ${index}`} className="relative flex gap-3 pb-4 last:pb-0">
            {index < steps.length - 1 && (
              <span className="absolute top-6 bottom-0 left-2.75 w-px bg-line" aria-hidden />
            )}
            <span className={cn('flex size-6 shrink-0 items-center justify-center rounded-full', tone)}>
              <Icon className="size-3.5" aria-hidden />
              <span className="sr-only">{word}:</span>
            </span>
            <span className="min-w-0 pt-0.5">
              <span className="font-medium">{title}</span>
              <span className="block break-words text-soft">{detail}</span>
            </span>
          </li>
        )
      })}
    </ol>
  )
}
