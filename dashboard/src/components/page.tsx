/** What every page stands on: its header, and what it shows when there is nothing to show. */
import { RotateCw, TriangleAlert } from 'lucide-react'
import { useEffect, type ReactNode } from 'react'
import { asProblem } from '@/api/problem'
import { Button } from '@/design/button'
import { product } from '@/app/product'
import { cn } from '@/design/class-names'

interface PageProps {
  title: string
  description?: ReactNode
  /** Buttons at the right of the title. */
  actions?: ReactNode
  children: ReactNode
}

export function Page({ title, description, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · ${product}`
    return () => {
      document.title = product
    }
  }, [title])
  return (
    <div className="mx-auto w-full max-w-[100rem] px-4 pt-5 pb-16 sm:px-6 lg:px-8">
      <header className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 flex-1 basis-48">
          <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
          {description !== undefined && <p className="mt-0.5 max-w-prose text-soft">{description}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

interface EmptyStateProps {
  icon: ReactNode
  title: string
  /** What to do about it. */
  children: ReactNode
  action?: ReactNode
  className?: string
}

export function EmptyState({ icon, title, children, action, className }: EmptyStateProps) {
  return (
    <div className={cn('flex flex-col items-center px-6 py-14 text-center', className)}>
      <div className="mb-3 flex size-10 items-center justify-center rounded-lg border border-line bg-sunken text-faint [&_svg]:size-5">
        {icon}
      </div>
      <h2 className="text-base font-medium">{title}</h2>
      <p className="mt-1 max-w-sm text-balance text-soft">{children}</p>
      {action !== undefined && action !== false && <div className="mt-4 flex gap-2">{action}</div>}
    </div>
  )
}

export function ErrorState({ error, retry }: { error: unknown; retry: () => void }) {
  const problem = asProblem(error)
  const [title, text] = problem.unreachable
    ? ['The server does not answer', 'It is tried again by itself as soon as the server is back.']
    : problem.signedOut
      ? ['You are signed out', 'This is loaded as soon as you have signed in again.']
      : ['This could not be loaded', problem.message]
  return (
    <div role="alert">
      <EmptyState
        icon={<TriangleAlert />}
        title={title}
        action={
          !problem.signedOut && (
            <Button onClick={retry}>
              <RotateCw aria-hidden /> Try again
            </Button>
          )
        }
      >
        {text}
      </EmptyState>
    </div>
  )
}

export function Skeleton({ className }: { className?: string }) {
  return (
    <span
      className={cn('block h-3.5 animate-breathe rounded-sm bg-line', className)}
      data-skeleton
      aria-hidden
    />
  )
}
