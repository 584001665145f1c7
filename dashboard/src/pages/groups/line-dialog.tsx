import { useQuery } from '@tanstack/react-query'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { say } from '@/components/toast'
import { asProblem } from '@/api/problem'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { plural } from '@/format/number'
import { lineOptions, type Line } from './matrix-queries'
import { EVERYONE, useChangeGrants } from './queries'

/** Asks before a whole row or column changes, and says how many cells that is. */
export function LineDialog({ line, onClose }: { line: Line; onClose: () => void }) {
  const query = useQuery(lineOptions(line))
  const change = useChangeGrants()
  const what = line.of === 'models' ? 'model' : 'group'
  if (query.data === undefined) {
    return (
      <Dialog open onClose={onClose} title={line.name}>
        <p className="text-soft" role="status">
          {query.isError ? asProblem(query.error).message : 'Counting…'}
        </p>
      </Dialog>
    )
  }
  const { total, changing } = query.data
  const amount = plural(changing.length, what)
  if (changing.length === 0) return <NothingToDo line={line} total={total} what={what} onClose={onClose} />
  const { title, action, done } = wording(line, amount)
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger={!line.granted}
      title={title}
      action={action}
      onConfirm={async () => {
        const [groups, models] = line.of === 'models' ? [[line.id], changing] : [changing, [line.id]]
        await change.mutateAsync({ groups, models, granted: line.granted })
        say(done)
      }}
    >
      <p>{consequence(line)}</p>
      <p>
        {total === changing.length
          ? `That is all ${plural(total, what)}`
          : `Of ${plural(total, what)}, ${unchanged(total - changing.length)}`}
        {line.search === '' ? '.' : ` (“${line.search}”).`}
      </p>
      {line.of === 'groups' && line.granted && (
        <p>Everyone is left out: it is everybody, in a group or not.</p>
      )}
    </ConfirmDialog>
  )
}

function unchanged(amount: number): string {
  return amount === 1 ? '1 stays as it is' : `${amount} stay as they are`
}

function wording(line: Line, amount: string): { title: string; action: string; done: string } {
  if (line.of === 'models') {
    return line.granted
      ? {
          title: `Grant ${amount} to ${line.name}?`,
          action: `Grant ${amount}`,
          done: `${amount} granted to ${line.name}.`,
        }
      : {
          title: `Take ${amount} from ${line.name}?`,
          action: `Take ${amount}`,
          done: `${amount} taken from ${line.name}.`,
        }
  }
  return line.granted
    ? {
        title: `Grant ${line.name} to ${amount}?`,
        action: `Grant to ${amount}`,
        done: `${line.name} granted to ${amount}.`,
      }
    : {
        title: `Take ${line.name} from ${amount}?`,
        action: `Take from ${amount}`,
        done: `${line.name} taken from ${amount}.`,
      }
}

function consequence(line: Line): string {
  if (line.of === 'groups') {
    return line.granted
      ? 'Everybody in these groups may use the model at once.'
      : 'Nobody in these groups may use the model through them any more; requests are refused at once.'
  }
  const whom = line.id === EVERYONE ? 'Everybody' : 'Its members'
  return line.granted
    ? `${whom} may use these models at once.`
    : `${whom} can use these models only through other groups; requests are refused at once.`
}

interface NothingToDoProps {
  line: Line
  total: number
  what: string
  onClose: () => void
}

function NothingToDo({ line, total, what, onClose }: NothingToDoProps) {
  return (
    <Dialog open onClose={onClose} title={line.name} footer={<Button onClick={onClose}>Close</Button>}>
      <p className="text-soft">
        {line.granted
          ? `All is granted already: ${plural(total, what)}.`
          : `None of ${plural(total, what)} is granted.`}
      </p>
    </Dialog>
  )
}
