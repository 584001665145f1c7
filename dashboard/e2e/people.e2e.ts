/** Who is let in, and to what: accounts and groups. */
import { expect, test } from 'vitest'
import { newPage, registered, signedIn, signIn, useBrowser } from './browser'
import { answers, call, makeKey, makeModel, makePerson, news, unique, type Made } from './management'

useBrowser()

test('an administrator creates a person, who can sign in and sees nobody else', async () => {
  const page = await signedIn({}, '/users')
  const name = unique('Ada')
  const email = `${name.replaceAll(' ', '.')}@example.org`
  await page.getByRole('button', { name: 'Create user' }).first().click()
  const form = page.getByRole('dialog', { name: 'Create a user' })
  await form.getByRole('button', { name: 'Create user' }).click()
  await form.getByText('An e-mail address, such as ada@example.org.').waitFor()
  await form.getByLabel('E-mail').fill(email)
  await form.getByLabel(/^Name/).fill(name)
  await form.getByLabel('Batches', { exact: true }).click()
  await form.getByRole('button', { name: 'Create user' }).click()
  const shown = page.getByRole('dialog', { name: `The password of ${email}` })
  const password = (await shown.getByTestId('secret').textContent()) ?? ''
  expect(password.length).toBeGreaterThanOrEqual(8)
  await shown.getByRole('button', { name: 'I have stored it' }).click()
  await page.getByRole('cell', { name, exact: false }).first().waitFor()

  await page.getByRole('button', { name: 'Create user' }).first().click()
  await form.getByLabel('E-mail').fill(email)
  await form.getByRole('button', { name: 'Create user' }).click()
  await form.getByText('Somebody has this address already.').waitFor()

  const person = await newPage()
  await signIn(person, { email, password })
  await person.getByRole('heading', { name: 'Models', level: 1 }).waitFor()
  const links = person.getByRole('navigation', { name: 'Pages' }).getByRole('link')
  const places = await links.allTextContents()
  expect(places).toContain('API keys')
  expect(places).not.toContain('Users')
  expect(places).not.toContain('Groups')
  for (const path of ['/users', '/groups', '/groups?view=matrix']) {
    await person.goto(path)
    await person.getByRole('heading', { name: 'This page is not for your account' }).waitFor()
  }
})

test('why a person cannot call a model is answered, and mended in their groups', async () => {
  const page = await signedIn()
  const [model, group, name] = [await makeModel(page), unique('Writers'), unique('writer')]
  const { id: groupId } = await call<Made>(page, 'POST', '/groups', { name: group })
  await call(page, 'POST', `/groups/${groupId}/models/${model.id}`)
  const person = await makePerson(page, name)
  const key = await makeKey(page, person.id)
  await page.goto(`/users?q=${name}&user=${person.id}&tab=access`)
  const drawer = page.getByRole('dialog', { name })
  const choose = async () => {
    await drawer.getByLabel('Model').click()
    await page.getByPlaceholder('Find a model').fill(model.alias)
    await page.getByRole('option', { name: model.alias, exact: true }).click()
  }
  await choose()
  await drawer.getByText(`${name} cannot call ${model.alias}.`).waitFor()
  await drawer.getByText(`Granted to '${group}', of which the account is in none`).waitFor()

  await drawer.getByRole('tab', { name: 'Groups' }).click()
  await drawer.getByRole('button', { name: 'Add to groups' }).click()
  await page.getByRole('searchbox', { name: 'Find a group to add' }).fill(group)
  await page.getByLabel(group).click()
  await page.getByRole('button', { name: 'Add to 1 group' }).click()
  await drawer
    .getByRole('list', { name: `Groups of ${name}` })
    .getByText(group)
    .waitFor()
  await page.keyboard.press('Escape')
  await answers(key, model.alias, 200)

  await drawer.getByRole('tab', { name: 'Access' }).click()
  await choose()
  await drawer.getByText(`${name} can call ${model.alias}.`).waitFor()
  await drawer.getByText(`Granted to '${group}'`).waitFor()
  await drawer.getByLabel('With').click()
  await page.getByRole('option', { name: 'program' }).click()
  await drawer.getByRole('list', { name: 'What a gateway looks at' }).getByText('Asked first').waitFor()

  await drawer.getByLabel('Model').click()
  await page.getByPlaceholder('Find a model').fill('no-such-model')
  await page.getByRole('option', { name: /no-such-model/ }).click()
  await drawer.getByText(`${name} cannot call no-such-model.`).waitFor()
})

test('a group is made, filled with many at once, emptied with a way back, and deleted', async () => {
  const page = await signedIn()
  const [group, series] = [unique('Crew'), unique('sailor')]
  const people = [`${series} one`, `${series} two`]
  for (const name of people) await makePerson(page, name)
  await page.goto('/groups')
  await page.getByRole('button', { name: 'Create group' }).click()
  const form = page.getByRole('dialog', { name: 'Create a group' })
  await form.getByRole('button', { name: 'Create group' }).click()
  await form.getByText('A group needs a name.').waitFor()
  await form.getByLabel('Name').fill('Everyone')
  await form.getByRole('button', { name: 'Create group' }).click()
  await form.getByText('There is a group with this name already.').waitFor()
  await form.getByLabel('Name').fill(group)
  await form.getByRole('button', { name: 'Create group' }).click()

  const drawer = page.getByRole('dialog', { name: group })
  await drawer.getByText('Nobody is in it yet.').waitFor()
  await drawer.getByRole('button', { name: 'Add people' }).click()
  await page.getByRole('searchbox', { name: 'Find people to add' }).fill(series)
  for (const name of people) await page.getByRole('checkbox', { name }).click()
  await page.getByRole('button', { name: 'Add 2 people' }).click()
  const members = drawer.getByRole('list', { name: `Members of ${group}` })
  await members
    .getByText(people[1] ?? '')
    .first()
    .waitFor()
  await page.keyboard.press('Escape')
  await drawer.getByRole('button', { name: `Take ${people[0] ?? ''} out of ${group}` }).click()
  await members
    .getByText(people[0] ?? '')
    .first()
    .waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Undo' }).click()
  await members
    .getByText(people[0] ?? '')
    .first()
    .waitFor()

  await drawer.getByRole('tab', { name: 'Models' }).click()
  await drawer.getByRole('button', { name: 'Grant models' }).click()
  await page.getByRole('checkbox', { name: 'sim-large' }).click()
  await page.getByRole('button', { name: 'Grant 1 model' }).click()
  await drawer
    .getByRole('list', { name: `Models of ${group}` })
    .getByText('sim-large')
    .waitFor()
  await page.keyboard.press('Escape')
  await page.goto(`/groups?q=${group}`)
  const row = page.getByRole('row', { name: group })
  await row.waitFor()
  expect(await row.getByRole('cell').allTextContents()).toEqual(expect.arrayContaining(['2', '1']))

  await page.getByRole('button', { name: `Actions for ${group}` }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  const question = page.getByRole('dialog', { name: `Delete ${group}?` })
  await question.getByText('2 members lose, at once, the 1 model').waitFor()
  await question.getByRole('button', { name: 'Delete group' }).click()
  await page.getByText('No group matches').waitFor()
})

test('a person is changed, signed out, disabled and deleted, and told what goes with that', async () => {
  const person = await registered()
  const email = (await call<{ email: string }>(person, 'GET', '/users/current')).email
  const { id } = await call<Made>(person, 'GET', '/users/current')
  const key = await makeKey(person, id)
  const page = await signedIn()
  await page.goto(`/users?user=${id}`)
  const name = unique('Renamed')
  const drawer = page.getByRole('dialog')
  await drawer.getByLabel(/^Name/).fill(name)
  await drawer.getByLabel('Request viewer').click()
  await drawer.getByLabel(/^Low balance/).fill('2.5')
  await drawer.getByRole('button', { name: 'Save' }).click()
  await news(page, `${name} is changed.`)
  expect(await drawer.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
  const changed = await call<{ roles: string[]; low_balance_threshold: number }>(page, 'GET', `/users/${id}`)
  expect(changed.roles).toContain('RequestViewer')
  expect(changed.low_balance_threshold).toBe(2.5)

  await drawer.getByRole('tab', { name: 'Sessions' }).click()
  await drawer.getByRole('button', { name: /^End the session of Chrome/ }).click()
  await drawer.getByText('is signed in nowhere.').waitFor()
  await person.reload()
  await person.getByRole('heading', { name: 'Sign in' }).waitFor()

  await drawer.getByRole('tab', { name: 'Profile' }).click()
  await answers(key, 'sim-small', 200)
  await drawer.getByLabel('May sign in').click()
  await page
    .getByRole('dialog', { name: `Disable ${name}?` })
    .getByRole('button', { name: 'Disable user' })
    .click()
  await answers(key, 'sim-small', 401)
  await drawer.getByLabel('May sign in').click()
  await answers(key, 'sim-small', 200)

  await drawer.getByRole('button', { name: 'Delete…' }).click()
  const question = page.getByRole('dialog', { name: `Delete ${name}?` })
  await question.getByText(email).waitFor()
  await question.getByText('1 API key; programs that show one are refused').waitFor()
  await question.getByRole('button', { name: 'Delete user' }).click()
  await news(page, `${name} is deleted.`)
  await answers(key, 'sim-small', 401)
})
