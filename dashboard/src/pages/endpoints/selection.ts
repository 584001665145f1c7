/** Which of a provider's models come in, and what callers name them. */

export interface Choice {
  name: string
  chosen: boolean
  /** Empty: the model's own name. */
  alias: string
}

/** Up to here all of a provider's models are chosen beforehand; of more, a person picks some. */
const ALL_OF = 40

/** `taken` are names that are others' aliases: those get a suggestion. */
export function firstChoices(
  names: readonly string[],
  taken: ReadonlySet<string>,
  endpoint: string,
): Choice[] {
  return names.map((name) => ({
    name,
    chosen: names.length <= ALL_OF,
    alias: taken.has(name) ? `${slug(endpoint)}/${name}` : '',
  }))
}

/** Of an endpoint that there is: what is imported is chosen, under its alias. */
export function choicesOf(
  names: readonly string[],
  imported: readonly { model_name: string; alias: string }[],
): Choice[] {
  const aliases = new Map(imported.map((model) => [model.model_name, model.alias]))
  return [...new Set([...names, ...aliases.keys()])].map((name) => {
    const alias = aliases.get(name)
    return { name, chosen: alias !== undefined, alias: alias === undefined || alias === name ? '' : alias }
  })
}

export function aliasOf(choice: Choice): string {
  const alias = choice.alias.trim()
  return alias === '' ? choice.name : alias
}

/** What keeps chosen models from coming in, by name. */
export function conflictsOf(
  choices: readonly Choice[],
  taken: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const chosen = choices.filter((choice) => choice.chosen)
  const counts = new Map<string, number>()
  for (const choice of chosen) counts.set(aliasOf(choice), (counts.get(aliasOf(choice)) ?? 0) + 1)
  const found = new Map<string, string>()
  for (const choice of chosen) {
    const alias = aliasOf(choice)
    if (taken.has(alias)) found.set(choice.name, `Another endpoint’s model is called ${alias}.`)
    else if ((counts.get(alias) ?? 0) > 1) found.set(choice.name, `Two of these are called ${alias}.`)
  }
  return found
}

/** The API's `model_filter` and `alias_mapping`. */
export function asImport(choices: readonly Choice[]) {
  const chosen = choices.filter((choice) => choice.chosen)
  return {
    model_filter: chosen.map((choice) => choice.name),
    alias_mapping: Object.fromEntries(chosen.map((choice) => [choice.name, aliasOf(choice)])),
  }
}

/** Names that somebody typed or pasted: one a line, or with commas between. Each once. */
export function namesIn(text: string): string[] {
  return [...new Set(text.split(/[\n,]/).map((name) => name.trim()))].filter((name) => name !== '')
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}
