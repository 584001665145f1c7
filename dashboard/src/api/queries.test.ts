import { QueryObserver } from '@tanstack/react-query'
import { expect, it } from 'vitest'
import { makeQueryClient } from './queries'

it('asks again for what was asked before a change and is answered after it', async () => {
  const client = makeQueryClient()
  const answers: ((balance: string) => void)[] = []
  const observer = new QueryObserver(client, {
    queryKey: ['balance'],
    queryFn: () => new Promise<string>((resolve) => answers.push(resolve)),
  })
  const leave = observer.subscribe(() => undefined)
  const changed = client.invalidateQueries({ queryKey: ['balance'] })
  answers[0]?.('$0.00')
  await expect.poll(() => answers.length).toBe(2)
  answers[1]?.('$25.00')
  await changed
  expect(observer.getCurrentResult().data).toBe('$25.00')
  leave()
})
