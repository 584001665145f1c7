import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Check } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { ErrorState, Page } from '@/components/page'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { useUser } from '@/session/session'
import { FoundLine } from './found-line'
import { dismiss, FACTS, firstRunOptions, isDone, POLL_MS, type Fact } from './queries'
import { RequestStep } from './request-step'
import { Arrived, ConnectStep, DiscoverStep, GrantStep, KeyStep } from './steps'

const TITLES: Readonly<Record<Fact, string>> = {
  provider_connected: 'Connect a provider',
  models_discovered: 'Discover its models',
  model_granted: 'Grant them to a group',
  key_made: 'Make a key',
  request_answered: 'Send the first request',
}

export function FirstRunPage() {
  const user = useUser()
  const navigate = useNavigate()
  const progress = useQuery({
    ...firstRunOptions,
    refetchInterval: ({ state }) => (state.data !== undefined && isDone(state.data) ? false : POLL_MS),
  })
  const [secret, setSecret] = useState<string>()
  const facts = progress.data
  const leave = () => {
    dismiss(user)
    void navigate({ to: '/models' })
  }
  return (
    <Page
      title="First steps"
      description="From a new instance to the first answer. Each step is checked as it is now."
      actions={facts !== undefined && !isDone(facts) && <Button onClick={leave}>Not now</Button>}
    >
      {progress.isError && facts === undefined ? (
        <ErrorState error={progress.error} retry={() => void progress.refetch()} />
      ) : (
        <ol className="max-w-3xl overflow-hidden rounded-lg border border-line bg-surface shadow-raised">
          {FACTS.map((fact, index) => (
            <Step
              key={fact}
              number={index + 1}
              title={TITLES[fact]}
              done={facts?.[fact]}
              current={facts !== undefined && FACTS.find((step) => !facts[step]) === fact}
              found={facts !== undefined && <FoundLine fact={fact} found={facts.found} />}
            >
              {bodyOf(fact, facts?.simulated_offered === true, secret, setSecret)}
            </Step>
          ))}
        </ol>
      )}
      {facts !== undefined && isDone(facts) && (
        <div className="mt-4 max-w-3xl">
          <Arrived />
        </div>
      )}
    </Page>
  )
}

function bodyOf(
  fact: Fact,
  offersSimulated: boolean,
  secret: string | undefined,
  onMade: (secret: string) => void,
) {
  switch (fact) {
    case 'provider_connected':
      return <ConnectStep offersSimulated={offersSimulated} />
    case 'models_discovered':
      return <DiscoverStep />
    case 'model_granted':
      return <GrantStep />
    case 'key_made':
      return <KeyStep onMade={onMade} />
    case 'request_answered':
      return <RequestStep secret={secret} onMade={onMade} />
  }
}

interface StepProps {
  number: number
  title: string
  /** `undefined`: not yet known. */
  done: boolean | undefined
  /** The first that is not done: it is open. */
  current: boolean
  /** What a step that is done has brought. */
  found: ReactNode
  children: ReactNode
}

function Step({ number, title, done, current, found, children }: StepProps) {
  return (
    <li className="flex gap-3.5 border-t border-line px-4 py-3.5 first:border-t-0 sm:px-5">
      <span
        aria-hidden
        className={cn(
          'flex size-6 shrink-0 items-center justify-center rounded-full border text-xs font-semibold tabular-nums transition-colors',
          done === undefined && 'animate-breathe',
          done === true
            ? 'border-good bg-good-well text-good'
            : current
              ? 'border-accent text-accent'
              : 'border-line-strong text-faint',
        )}
      >
        {done === true ? <Check className="size-3.5" strokeWidth={3} /> : number}
      </span>
      <div className="min-w-0 flex-1">
        <div className="gap-4 sm:flex sm:justify-between">
          <h2 className={cn('shrink-0 leading-6 font-medium', done !== true && !current && 'text-soft')}>
            {title}
            <span className="sr-only">
              {done === true ? ' (done)' : done === false ? ' (not done yet)' : ''}
            </span>
          </h2>
          {done === true && <div className="min-w-0 leading-6 text-soft">{found}</div>}
        </div>
        {current && <div className="mt-2 pb-1.5">{children}</div>}
      </div>
    </li>
  )
}
