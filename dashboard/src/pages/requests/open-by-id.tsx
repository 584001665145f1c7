/** The list is searched by the caller's own ids; an id that we gave leads to its request, too. */
import { useQuery } from '@tanstack/react-query'
import { Button } from '@/design/button'
import { requestOptions } from './queries'

const OURS = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export function OpenById({ id, onOpen }: { id: string; onOpen: () => void }) {
  const found = useQuery({ ...requestOptions(id), enabled: OURS.test(id) })
  if (found.data === undefined) return <>No request has that id, neither its caller’s nor ours.</>
  return (
    <Button variant="link" onClick={onOpen}>
      Open the request that we gave this id
    </Button>
  )
}
