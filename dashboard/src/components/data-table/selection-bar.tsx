/** What can be done with the rows that are chosen. It floats at the window's lower edge, so that no row moves. */
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from '@/design/button'

interface SelectionBarProps {
  /** "3 users chosen". */
  label: string
  onClear: () => void
  children: ReactNode
}

export function SelectionBar({ label, onClear, children }: SelectionBarProps) {
  return (
    <div className="pointer-events-none sticky bottom-4 z-20 mt-4 flex justify-center">
      <div
        role="toolbar"
        aria-label={label}
        className="pointer-events-auto flex animate-rise flex-wrap items-center gap-2 rounded-xl border border-line bg-surface p-2 pl-4 shadow-floating"
      >
        <p role="status" className="mr-2 font-medium">
          {label}
        </p>
        {children}
        <Button variant="ghost" size="icon" aria-label="Choose none" onClick={onClear}>
          <X aria-hidden />
        </Button>
      </div>
    </div>
  )
}
