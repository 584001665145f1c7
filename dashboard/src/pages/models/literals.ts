/** JSON values as literals of Python and JavaScript, on one line where they fit. */

export type LiteralLanguage = 'python' | 'javascript'

const WIDTH = 88
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

/** `column` is where the literal begins; its further lines are indented by `indent` and more. */
export function literal(value: unknown, language: LiteralLanguage, indent: number, column: number): string {
  const inline = onOneLine(value, language)
  if (column + inline.length <= WIDTH || typeof value !== 'object' || value === null) return inline
  const step = language === 'python' ? 4 : 2
  const inner = indent + step
  const lines = Array.isArray(value)
    ? value.map((each) => literal(each, language, inner, inner))
    : Object.entries(value).map(([name, each]) => {
        const key = `${keyOf(name, language)}: `
        return key + literal(each, language, inner, inner + key.length)
      })
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return `${open}\n${lines.map((line) => `${' '.repeat(inner)}${line},\n`).join('')}${' '.repeat(indent)}${close}`
}

function onOneLine(value: unknown, language: LiteralLanguage): string {
  if (Array.isArray(value)) return `[${value.map((each) => onOneLine(each, language)).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(
      ([name, each]) => `${keyOf(name, language)}: ${onOneLine(each, language)}`,
    )
    if (entries.length === 0) return '{}'
    return language === 'python' ? `{${entries.join(', ')}}` : `{ ${entries.join(', ')} }`
  }
  if (language === 'python' && (value === null || value === undefined)) return 'None'
  if (language === 'python' && typeof value === 'boolean') return value ? 'True' : 'False'
  // Strings and numbers of JSON are written alike in both.
  return JSON.stringify(value)
}

function keyOf(name: string, language: LiteralLanguage): string {
  return language === 'javascript' && IDENTIFIER.test(name) ? name : JSON.stringify(name)
}
