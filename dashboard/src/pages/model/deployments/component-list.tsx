/** Components in their order: dragged, or moved by keyboard (Space, arrows, Space). */
import {
  closestCenter,
  DndContext,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
  type Announcements,
  type DragEndEvent,
} from '@dnd-kit/core'
import { SortableContext, sortableKeyboardCoordinates, verticalListSortingStrategy } from '@dnd-kit/sortable'
import { useState } from 'react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { say, sayProblem } from '@/components/toast'
import { useChangeComponent, useRemoveComponent } from '../changes'
import type { Component, Model } from '../queries'
import { ComponentRow } from './component-row'

const SLACK_PIXELS = 4
const INSTRUCTIONS = {
  draggable: 'Space lifts it, the arrow keys move it, Space puts it down, and Escape puts it back.',
}

interface ComponentListProps {
  model: Model
  components: readonly Component[]
  ordered: boolean
  changes: boolean
}

export function ComponentList({ model, components, ordered, changes }: ComponentListProps) {
  const change = useChangeComponent(model.id)
  const remove = useRemoveComponent(model.id)
  const [removing, setRemoving] = useState<Component>()
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: SLACK_PIXELS } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  )
  const ids = components.map((each) => each.model.id)
  const total = components.reduce((sum, each) => sum + (each.enabled ? each.weight : 0), 0)
  const drop = ({ active, over }: DragEndEvent) => {
    if (over === null || over.id === active.id) return
    const body = { sort_order: ids.indexOf(String(over.id)) }
    change.mutate({ componentId: String(active.id), body }, { onError: sayProblem })
  }
  return (
    <>
      <DndContext
        sensors={sensors}
        collisionDetection={closestCenter}
        onDragEnd={drop}
        accessibility={{ announcements: announcements(components), screenReaderInstructions: INSTRUCTIONS }}
      >
        <SortableContext items={ids} strategy={verticalListSortingStrategy}>
          <ul aria-label={`Deployments of ${model.alias}`} className="divide-y divide-line">
            {components.map((component, index) => (
              <ComponentRow
                key={component.model.id}
                component={component}
                place={index + 1}
                ordered={ordered}
                share={component.enabled && total > 0 ? component.weight / total : 0}
                changes={changes}
                onChange={(body) =>
                  change.mutate({ componentId: component.model.id, body }, { onError: sayProblem })
                }
                onRemove={() => setRemoving(component)}
              />
            ))}
          </ul>
        </SortableContext>
      </DndContext>
      {removing !== undefined && (
        <ConfirmDialog
          open
          danger
          onClose={() => setRemoving(undefined)}
          title={`Remove ${removing.model.alias} from ${model.alias}?`}
          action="Remove deployment"
          onConfirm={async () => {
            await remove.mutateAsync(removing.model.id)
            say(`${removing.model.alias} is no deployment of ${model.alias} any more`)
          }}
        >
          <p>
            {components.length === 1
              ? `It is the only one: requests for ${model.alias} are refused from then on.`
              : 'Its share goes to the others. The model itself stays as it is.'}
          </p>
        </ConfirmDialog>
      )}
    </>
  )
}

/** What screen readers hear of a move. */
function announcements(components: readonly Component[]): Announcements {
  const name = (id: unknown) => components.find((each) => each.model.id === id)?.model.alias ?? ''
  const place = (id: unknown) =>
    `place ${components.findIndex((each) => each.model.id === id) + 1} of ${components.length}`
  return {
    onDragStart: ({ active }) => `${name(active.id)} is lifted from ${place(active.id)}.`,
    onDragOver: ({ active, over }) =>
      over === null ? undefined : `${name(active.id)} is above ${place(over.id)}.`,
    onDragEnd: ({ active, over }) =>
      over === null
        ? `${name(active.id)} is put back.`
        : `${name(active.id)} is put down at ${place(over.id)}.`,
    onDragCancel: ({ active }) => `${name(active.id)} is put back.`,
  }
}
