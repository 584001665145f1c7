/** A page of panels that are read, not scanned: narrower than lists are. */
import type { ReactNode } from 'react'
import { Page } from '@/components/page'

interface SheetProps {
  title: string
  description?: ReactNode
  children: ReactNode
}

export function Sheet({ children, ...rest }: SheetProps) {
  return (
    <Page {...rest}>
      <div className="max-w-3xl space-y-5">{children}</div>
    </Page>
  )
}
