import { X } from 'lucide-react'
import { cn } from '@/design/class-names'

interface ThumbnailsProps {
  /** Data URLs. */
  images: readonly string[]
  /** Without it they are only to be looked at. */
  onRemove?: (index: number) => void
  className?: string
}

export function Thumbnails({ images, onRemove, className }: ThumbnailsProps) {
  if (images.length === 0) return null
  return (
    <ul className={cn('flex flex-wrap gap-2', className)}>
      {images.map((url, index) => (
        <li key={`${index}-${url.length}`} className="relative">
          <img
            src={url}
            alt={`Attachment ${index + 1}`}
            className="size-16 rounded-md border border-line bg-sunken object-cover"
          />
          {onRemove !== undefined && (
            <button
              type="button"
              aria-label={`Remove picture ${index + 1}`}
              onClick={() => onRemove(index)}
              className="absolute -top-1.5 -right-1.5 rounded-full border border-line bg-surface p-1 text-soft shadow-raised hover:text-ink"
            >
              <X className="size-3" aria-hidden />
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}
