/** A prompt as it is written: text, and pictures that are picked, pasted or dropped. */
import { ImagePlus } from 'lucide-react'
import {
  useEffect,
  useRef,
  type ClipboardEvent,
  type DragEvent,
  type KeyboardEvent,
  type ReactNode,
} from 'react'
import { sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { Tooltip } from '@/design/menu'
import type { Prompt } from './conversation'
import { MOST_IMAGES, takeImages } from './images'
import { Thumbnails } from './thumbnails'

interface PromptFieldProps {
  label: string
  placeholder?: string
  value: Prompt
  onChange: (prompt: Prompt) => void
  onEnter: () => void
  onEscape: () => void
  /** Has the focus as soon as it is there. */
  focused?: boolean
  /** The buttons at its end. */
  children: ReactNode
}

export function PromptField(props: PromptFieldProps) {
  const { value, onChange } = props
  const field = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (props.focused === true) field.current?.focus()
  }, [props.focused])
  const take = (files: readonly File[]) => {
    void takeImages(files, MOST_IMAGES - value.images.length).then(({ images, refusal }) => {
      if (images.length > 0) onChange({ ...value, images: [...value.images, ...images] })
      if (refusal !== undefined) sayProblem(new Error(refusal))
    }, sayProblem)
  }
  const paste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files]
    if (files.length === 0) return
    event.preventDefault()
    take(files)
  }
  const drop = (event: DragEvent) => {
    const files = [...event.dataTransfer.files]
    if (files.length === 0) return
    event.preventDefault()
    take(files)
  }
  const press = (event: KeyboardEvent) => {
    // Enter that ends the input of a word in Chinese or Japanese is not meant for us.
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      props.onEnter()
    } else if (event.key === 'Escape') props.onEscape()
  }
  return (
    <div className="rounded-lg border border-line-strong bg-surface shadow-raised focus-within:border-accent">
      <Thumbnails
        images={value.images}
        className="px-3 pt-3"
        onRemove={(at) => onChange({ ...value, images: value.images.filter((_, index) => index !== at) })}
      />
      <textarea
        ref={field}
        aria-label={props.label}
        placeholder={props.placeholder}
        rows={1}
        value={value.text}
        onChange={(event) => onChange({ ...value, text: event.target.value })}
        onKeyDown={press}
        onPaste={paste}
        onDrop={drop}
        onDragOver={(event) => event.preventDefault()}
        className="block field-sizing-content max-h-60 min-h-10 w-full resize-none bg-transparent px-3 pt-2.5 text-base outline-none placeholder:text-faint"
      />
      <div className="flex items-center gap-2 p-2 pt-1">
        <input
          ref={picker}
          type="file"
          accept="image/png,image/jpeg,image/webp,image/gif"
          multiple
          hidden
          aria-label="Pictures"
          onChange={(event) => {
            take([...(event.target.files ?? [])])
            event.target.value = ''
          }}
        />
        <Tooltip label="Add pictures; they can also be pasted and dropped">
          <Button
            variant="ghost"
            size="icon"
            aria-label="Add pictures"
            onClick={() => picker.current?.click()}
          >
            <ImagePlus aria-hidden />
          </Button>
        </Tooltip>
        <span className="flex flex-1 items-center justify-end gap-2">{props.children}</span>
      </div>
    </div>
  )
}
