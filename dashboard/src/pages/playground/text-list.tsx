/** Texts in a list that grows: what is compared, what is searched. */
import { Plus, X } from 'lucide-react'
import { Button } from '@/design/button'
import { TextArea } from '@/design/field'

interface TextListProps {
  /** What one of them is: "Text", "Document". */
  name: string
  texts: readonly string[]
  onChange: (texts: string[]) => void
  most: number
}

const FEWEST = 2

export function TextList({ name, texts, onChange, most }: TextListProps) {
  return (
    <div className="space-y-2">
      <ol className="space-y-2">
        {texts.map((text, index) => (
          <li key={index} className="flex items-start gap-1">
            <span className="w-6 shrink-0 pt-2 text-right text-xs text-faint tabular-nums" aria-hidden>
              {index + 1}
            </span>
            <TextArea
              aria-label={`${name} ${index + 1}`}
              className="max-h-40 min-h-8"
              value={text}
              onChange={(event) =>
                onChange(texts.map((each, at) => (at === index ? event.target.value : each)))
              }
            />
            <Button
              variant="ghost"
              size="icon"
              aria-label={`Remove ${name.toLowerCase()} ${index + 1}`}
              disabled={texts.length <= FEWEST}
              onClick={() => onChange(texts.filter((_, at) => at !== index))}
            >
              <X aria-hidden />
            </Button>
          </li>
        ))}
      </ol>
      <Button
        size="sm"
        variant="ghost"
        disabled={texts.length >= most}
        onClick={() => onChange([...texts, ''])}
      >
        <Plus aria-hidden /> Add a {name.toLowerCase()}
      </Button>
    </div>
  )
}
