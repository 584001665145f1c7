/** Two layers and the control between them. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden>
      <rect x="3" y="5" width="26" height="5" rx="2.5" fill="currentColor" />
      <rect x="3" y="22" width="26" height="5" rx="2.5" fill="currentColor" />
      <rect x="3" y="14.75" width="26" height="2.5" rx="1.25" fill="currentColor" opacity="0.4" />
      <circle cx="20.5" cy="16" r="4.5" fill="var(--accent)" />
    </svg>
  )
}
