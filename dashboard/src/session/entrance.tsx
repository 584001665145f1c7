/** The frame of everything before the dashboard: login, registration, passwords. */
import { useEffect, type ReactNode } from 'react'
import { Mark } from '@/app/mark'
import { product } from '@/app/product'

interface EntranceProps {
  title: string
  description?: ReactNode
  children: ReactNode
  /** Beneath the card. */
  footer?: ReactNode
}

export function Entrance({ title, description, children, footer }: EntranceProps) {
  useEffect(() => {
    document.title = `${title} · ${product}`
    return () => {
      document.title = product
    }
  }, [title])
  return (
    <main className="flex min-h-dvh flex-col items-center px-4 pt-[max(2rem,14vh)] pb-10">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex items-center justify-center gap-2.5 text-base font-semibold tracking-tight">
          <Mark className="size-6" /> {product}
        </div>
        <div className="rounded-xl border border-line bg-surface p-6 shadow-raised">
          <h1 className="text-lg font-semibold tracking-tight">{title}</h1>
          {description !== undefined && <p className="mt-1 text-soft">{description}</p>}
          <div className="mt-5">{children}</div>
        </div>
        {footer !== undefined && <p className="mt-4 text-center text-soft">{footer}</p>}
      </div>
    </main>
  )
}
