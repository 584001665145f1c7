/** Somebody tries models out. The models `slow`, `failing` and `broken` are made by `tests/dashboard`. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { registered, signedIn, signIn, useBrowser } from './browser'

useBrowser()

const prompt = (page: Page) => page.getByRole('textbox', { name: 'Prompt', exact: true })
const answer = (page: Page, model: string) => page.getByRole('region', { name: `Answer of ${model}` })

async function opened(model: string): Promise<Page> {
  const page = await signedIn({}, `/playground?model=${model}`)
  await page.getByRole('button', { name: `Model: ${model}` }).waitFor()
  return page
}

async function ask(page: Page, text: string) {
  await prompt(page).fill(text)
  await prompt(page).press('Enter')
}

async function choose(page: Page, picker: string, model: string) {
  await page.getByRole('button', { name: picker }).click()
  await page.getByPlaceholder('Find a model').fill(model)
  await page.getByRole('option', { name: model }).first().click()
}

interface Logged {
  log_id: number
  outcome: string
  cost: string
}

/** The `id` of the newest request of the log for this model; 0 where there is none. */
async function newest(page: Page, model: string): Promise<number> {
  const answered = await page.request.get(`/admin/api/v1/requests?model=${model}&limit=1`)
  const { entries } = (await answered.json()) as { entries: { id: number }[] }
  return entries[0]?.id ?? 0
}

/** The newest request of the log for this model, once there is one behind `after` with this outcome. */
async function logged(page: Page, model: string, outcome: string, after: number): Promise<Logged> {
  let found: Logged | undefined
  const look = async () => {
    const id = await newest(page, model)
    if (id <= after) return undefined
    found = (await (await page.request.get(`/admin/api/v1/requests/${id}`)).json()) as Logged
    return found.outcome
  }
  await expect.poll(look, { timeout: 15_000, interval: 100 }).toBe(outcome)
  if (found === undefined) throw new Error('nothing was found')
  return found
}

test('an answer streams in with its figures, and a reload keeps it', async () => {
  const page = await opened('sim-small')
  const before = await newest(page, 'sim-small')
  await ask(page, 'Hello!')
  const reply = answer(page, 'sim-small')
  await reply.getByText('This is a simulated answer').waitFor()
  await reply.locator('dd', { hasText: 'first token' }).waitFor()
  await reply.getByText(/^\d+ in, 24 out$/).waitFor()
  // What it cost is what the log says that it cost.
  const { cost } = await logged(page, 'sim-small', 'completed', before)
  const shown = reply.locator('dt', { hasText: 'Cost' }).locator('xpath=following-sibling::dd').getByText('$')
  const exact = page.getByRole('tooltip', { name: `$${cost.replace(/0+$/, '')}` })
  // What moves away beneath the pointer takes its tooltip with it.
  const read = async () => {
    await shown.hover()
    return exact.isVisible()
  }
  await expect.poll(read, { timeout: 15_000 }).toBe(true)

  await page.reload()
  await reply.getByText('This is a simulated answer').waitFor()
  await ask(page, 'And again?')
  await expect.poll(() => reply.count()).toBe(2)
})

test('a model of the list is tried with one click', async () => {
  const page = await signedIn({}, '/models?q=sim-large')
  await page.getByRole('link', { name: 'Try sim-large' }).click()
  await page.getByRole('button', { name: 'Model: sim-large' }).waitFor()
  expect(new URL(page.url()).search).toBe('')
})

test('Stop ends the request at the provider', async () => {
  const page = await opened('slow')
  const before = await newest(page, 'slow')
  await ask(page, 'Tell me all of it')
  const reply = answer(page, 'slow')
  await reply.getByText('This is').waitFor()
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await reply.getByText('Stopped.').waitFor()
  await logged(page, 'slow', 'cancelled', before)
  // What came until then stays, and can be gone on from.
  await reply.getByText('This is').waitFor()
  await page.getByRole('button', { name: 'Send' }).waitFor()
})

test('two models answer one prompt side by side, and each can be asked again', async () => {
  const page = await opened('sim-small')
  await page.getByRole('button', { name: 'Compare' }).click()
  await choose(page, 'Model 2: sim-small', 'sim-large')
  await ask(page, 'Compare this')
  for (const model of ['sim-small', 'sim-large']) {
    await answer(page, model).getByText('This is a simulated answer').waitFor()
  }
  // The page goes along with what is written, so that one may have moved before the other is looked at.
  const apart = async () => {
    const boxes = await Promise.all(
      ['sim-small', 'sim-large'].map((model) => answer(page, model).boundingBox()),
    )
    return (boxes[0]?.y ?? NaN) - (boxes[1]?.y ?? NaN)
  }
  await expect.poll(apart).toBe(0)

  await page.getByRole('button', { name: 'Ask sim-large again' }).click()
  await answer(page, 'sim-large').getByText('24 out').waitFor()
  await page.getByRole('button', { name: 'Edit the prompt' }).click()
  await page.getByRole('textbox', { name: 'Edit the prompt' }).fill('Compare that')
  await page.getByRole('button', { name: 'Send again' }).click()
  await page.getByText('Compare that').waitFor()
  expect(await page.getByText('Compare this').count()).toBe(0)
})

test('a refusal stands at the model that it is of, with what to do', async () => {
  const page = await opened('sim-small')
  await page.getByRole('button', { name: 'Compare' }).click()
  await choose(page, 'Model 2: sim-small', 'failing')
  await ask(page, 'Will it work?')
  const failed = answer(page, 'failing')
  await failed.getByRole('alert').waitFor()
  await failed.getByRole('button', { name: 'Try again' }).waitFor()
  await answer(page, 'sim-small').getByText('This is a simulated answer').waitFor()
  expect(await answer(page, 'sim-small').getByRole('alert').count()).toBe(0)
})

test('an answer that breaks off says so, and keeps what came', async () => {
  const page = await opened('broken')
  await ask(page, 'Say it to the end')
  await answer(page, 'broken').getByText('The answer broke off', { exact: false }).first().waitFor()
  await answer(page, 'broken').getByText('This is a simulated answer').waitFor()
})

test('everything is done with the keyboard alone', async () => {
  const page = await opened('sim-small')
  await prompt(page).focus()
  await page.keyboard.type('First line')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('second line')
  await page.keyboard.press('Enter')
  await answer(page, 'sim-small').getByText('This is a simulated answer').waitFor()
  await page.getByText('First line\nsecond line').waitFor()
  expect(await prompt(page).inputValue()).toBe('')
})

test('a tool is called, its result is entered, and the model goes on', async () => {
  const page = await opened('sim-small')
  const settings = page.getByRole('complementary', { name: 'Settings' })
  await settings.getByLabel('Tools').fill('[{"name": "get weather"}]')
  await settings.getByText('"name" may have 64 letters', { exact: false }).waitFor()
  await settings.getByLabel('Tools').fill('')
  await settings.getByRole('button', { name: 'Insert an example tool' }).click()
  await ask(page, 'Use get_weather')
  const reply = answer(page, 'sim-small')
  await reply.getByRole('region', { name: 'Arguments of get_weather' }).getByText('"simulated"').waitFor()
  await reply.getByLabel('Result of get_weather').fill('{"sky": "clear"}')
  await reply.getByRole('button', { name: 'Send 1 result' }).click()
  await reply.getByText('→ {"sky": "clear"}').waitFor()
  await reply.getByText('This is a simulated answer').waitFor()

  await page.getByRole('button', { name: 'Code' }).click()
  const code = page.getByRole('region', { name: 'The request in Python' })
  expect(await code.textContent()).toContain('"name": "get_weather"')
})

test('reasoning is there for those who want to read it', async () => {
  const page = await opened('sim-reasoning')
  await ask(page, 'Think')
  const reply = answer(page, 'sim-reasoning')
  await reply.getByText('24 out').or(reply.getByText('This is a simulated answer')).first().waitFor()
  expect(await reply.getByText('first this, then that').isVisible()).toBe(false)
  await reply.getByText('Reasoning', { exact: true }).click()
  await reply.getByText('first this, then that').waitFor()
})

test('a picture is pasted, shown and sent', async () => {
  const page = await opened('sim-small')
  await page.locator('input[type=file]').setInputFiles({
    name: 'dot.png',
    mimeType: 'image/png',
    buffer: Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
      'base64',
    ),
  })
  await page.getByRole('button', { name: 'Remove picture 1' }).waitFor()
  const sending = page.waitForRequest((request) => request.url().endsWith('/chat/completions'))
  await ask(page, 'What is this?')
  const body = (await sending).postDataJSON() as { messages: { content: { type: string }[] }[] }
  expect(body.messages.at(-1)?.content.map(({ type }) => type)).toEqual(['text', 'image_url'])
  await answer(page, 'sim-small').getByText('This is a simulated answer').waitFor()
})

test('texts are compared by an embedding model', async () => {
  const page = await opened('sim-embed')
  await page.getByRole('textbox', { name: 'Text 1' }).fill('a cat')
  await page.getByRole('textbox', { name: 'Text 2' }).fill('a dog')
  await page.getByRole('button', { name: 'Add a text' }).click()
  await page.getByRole('textbox', { name: 'Text 3' }).fill('a cat')
  await page.getByRole('button', { name: 'Compare' }).click()
  const matrix = page.getByRole('table', { name: 'Cosine similarity of each text with each' })
  await matrix.waitFor()
  const values = await matrix
    .getByRole('cell')
    .allTextContents()
    .then((cells) => cells.filter(Boolean))
  expect(values).toHaveLength(9)
  expect([values[0], values[2], values[4]]).toEqual(['1.000', '1.000', '1.000'])
  expect(values[1]).toBe(values[3])
  expect(Math.abs(Number(values[1]))).toBeLessThan(0.5)
})

test('documents are ranked by their scores', async () => {
  const page = await opened('sim-rerank')
  await page.getByRole('textbox', { name: 'Query' }).fill('capital of France')
  await page.getByRole('textbox', { name: 'Document 1' }).fill('Bread is made of flour')
  await page.getByRole('textbox', { name: 'Document 2' }).fill('Paris is the capital of France')
  await page.getByRole('button', { name: 'Rank documents' }).click()
  const order = page.getByRole('list', { name: 'Documents by score' }).getByRole('listitem')
  await order.first().waitFor()
  expect((await order.allTextContents()).map((text) => /Paris|Bread/.exec(text)?.[0])).toEqual([
    'Paris',
    'Bread',
  ])
})

test('a request of the log is opened and gone on with', async () => {
  const page = await signedIn({}, '/playground')
  const before = await newest(page, 'sim-large')
  const body = {
    model: 'sim-large',
    temperature: 0.25,
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'First question' },
      { role: 'assistant', content: 'First answer' },
      { role: 'user', content: 'A question of the log' },
    ],
  }
  const made = await page.request.post('/admin/api/v1/ai/v1/chat/completions', { data: body })
  expect(made.status()).toBe(200)
  const { log_id: id } = await logged(page, 'sim-large', 'completed', before)
  await page.goto(`/playground?request=${id}`)
  await page.getByText('Opened from the request log.').first().waitFor()
  expect(await prompt(page).inputValue()).toBe('A question of the log')
  await answer(page, 'sim-large').getByText('First answer').waitFor()
  const settings = page.getByRole('complementary', { name: 'Settings' })
  expect(await settings.getByLabel('System prompt').inputValue()).toBe('Be brief.')
  expect(await settings.getByLabel('Temperature').inputValue()).toBe('0.25')
  expect(page.url()).not.toContain('request=')
})

test('the next person in the same tab sees nothing of it', async () => {
  const page = await registered()
  await page.goto('/playground?model=sim-small')
  await page.getByRole('button', { name: 'Model: sim-small' }).waitFor()
  await ask(page, 'Between us')
  await page.getByText('Between us').waitFor()
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  await signIn(page, undefined, '/playground')
  await page.getByText('Ask a model something').waitFor()
  expect(await page.getByText('Between us').count()).toBe(0)
})
